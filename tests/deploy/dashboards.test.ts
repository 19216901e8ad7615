/** deploy/grafana and deploy/prometheus: what Prometheus and Grafana make of them, and that craned gives what they ask. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { FILES } from "../app/openapi/registries.ts";
import { type Craned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { describeWith, run } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { until } from "../harness/until.ts";
import { familiesIn } from "../server/metrics/scraping.ts";

setDefaultTimeout(60_000);

const DEPLOY = join(import.meta.dir, "../../deploy");
const RULES = join(DEPLOY, "prometheus/craned.rules.yaml");
const SCRAPING = join(DEPLOY, "prometheus/prometheus.yaml");
const DASHBOARD = join(DEPLOY, "grafana/craned.json");
const RULE_TESTS = join(import.meta.dir, "craned.rules.test.yaml");

const Rules = v.object({
  groups: v.array(v.object({ rules: v.array(v.looseObject({ alert: v.string(), expr: v.string() })) })),
});
const RuleTests = v.object({
  tests: v.array(
    v.object({
      alert_rule_test: v.array(v.object({ alertname: v.string(), exp_alerts: v.optional(v.array(v.unknown())) })),
    }),
  ),
});
const Source = v.object({ type: v.literal("prometheus"), uid: v.pipe(v.string(), v.regex(/^\$\{datasource\}$/)) });
const Panel = v.object({
  type: v.picklist(["stat", "timeseries"]),
  title: v.pipe(v.string(), v.minLength(1)),
  description: v.pipe(v.string(), v.minLength(1)),
  datasource: Source,
  fieldConfig: v.object({ defaults: v.object({ unit: v.string() }) }),
  gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
  targets: v.pipe(v.array(v.object({ datasource: Source, expr: v.string() })), v.minLength(1)),
});
const Dashboard = v.object({
  editable: v.literal(false),
  panels: v.array(v.looseObject({ type: v.string() })),
  templating: v.object({ list: v.array(v.object({ name: v.string(), query: v.unknown(), refresh: v.number() })) }),
});

const yaml = (path: string): unknown => Bun.YAML.parse(readFileSync(path, "utf8"));
const alerts = v.parse(Rules, yaml(RULES)).groups.flatMap(({ rules }) => rules);
const dashboard = v.parse(Dashboard, JSON.parse(readFileSync(DASHBOARD, "utf8")));
const panels = dashboard.panels.filter(({ type }) => type !== "row").map((panel) => v.parse(Panel, panel));
const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Queries as Grafana sends them, for one job. */
const filledIn = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$job", "craned").replaceAll("$instance", ".+");

const ofMetrics = (expr: string): readonly string[] => expr.match(/\b(?:craned|process|nodejs|http_server)_\w+/g) ?? [];

describe("the rules and the dashboard", () => {
  let craned: Craned;
  let files: Scratch;
  beforeAll(async () => {
    files = scratch(FILES);
    const port = String(freePort());
    const all = ["serve", "--data-dir", files.path, "--host", "127.0.0.1", "--port", port, "--workers", "2"];
    craned = await startCraned([...all, "--management-listen", `127.0.0.1:${freePort()}`]);
  });
  afterAll(async () => {
    await craned.stop();
    files.remove();
  });

  test("ask for metrics that craned gives, and for labels that these have", async () => {
    await ask(craned.port, "/v2/");
    const { body } = await ask(craned.managementPort, "/metrics");
    const names = familiesIn(body).flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]);
    const asked = [...queries, ...alerts.map(({ expr }) => expr)].flatMap(ofMetrics);
    const labels = ["http_route", "http_response_status_code", "http_request_method"];
    const unknown = asked.filter((name) => !names.includes(name) && !labels.includes(name));
    expect(unknown).toEqual([]);
    expect(asked.length).toBeGreaterThan(40);
    for (const label of labels) expect(body).toContain(`${label}="`);
  });
});

describe("the rules", () => {
  test("have each a test in which they fire, and one in which they don't", () => {
    const cases = v.parse(RuleTests, yaml(RULE_TESTS)).tests.flatMap((each) => each.alert_rule_test);
    const named = (isFiring: boolean) =>
      [
        ...new Set(cases.filter((each) => (each.exp_alerts !== undefined) === isFiring).map((each) => each.alertname)),
      ].sort();
    const names = alerts.map(({ alert }) => alert).sort();
    expect(named(true)).toEqual(names);
    expect(named(false)).toEqual(names);
  });

  test("are all in docs/operations.md", () => {
    const text = readFileSync(join(import.meta.dir, "../../docs/operations.md"), "utf8");
    expect(alerts.map(({ alert }) => alert).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the dashboard", () => {
  test("lets its reader choose the data source, the job and the instance, anew with the time", () => {
    const variables = Object.fromEntries(dashboard.templating.list.map((each) => [each.name, each]));
    expect(Object.keys(variables)).toEqual(["datasource", "job", "instance"]);
    expect(variables["datasource"]?.query).toBe("prometheus");
    expect([variables["job"]?.refresh, variables["instance"]?.refresh]).toEqual([2, 2]);
  });

  test("asks in every query for these, and for as much time as there are points", () => {
    for (const expr of queries) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.length).toBe(ofMetrics(expr.replace(/\{[^}]*\}/g, "")).length);
      for (const selector of selectors) expect(selector).toStartWith('{job=~"$job", instance=~"$instance"');
      expect(expr.match(/rate\([^{]*\{[^}]*\}\[(?!\$__rate_interval\])/)).toBeNull();
    }
  });

  test("shows counters as rates, and percentiles of sums by bucket", () => {
    for (const expr of queries) {
      for (const counted of expr.match(/\w+(?:_total|_bucket|_count)\{/g) ?? []) {
        expect(expr).toMatch(new RegExp(`(?:rate|increase)\\(${counted.replace("{", "\\{")}`));
      }
      if (expr.includes("_bucket{")) expect(expr).toMatch(/^histogram_quantile\([\d.]+, sum by \(le\b/);
    }
  });

  test("has no panel upon another, nor two with one name", () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});

describeWith(["grafana-dashboard"], "Grafana's own library", () => {
  test("knows everything in the dashboard", async () => {
    expect(await run(["grafana-dashboard", DASHBOARD])).toEqual({ code: 0, out: "", err: "" });
  });
});

describeWith(["promtool"], "promtool", () => {
  test("takes the rules, and finds that they fire when they should", async () => {
    expect((await run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES])).code).toBe(0);
    const { code, out, err } = await run(["promtool", "test", "rules", RULE_TESTS]);
    expect({ code, said: code === 0 ? "" : out + err }).toEqual({ code: 0, said: "" });
  });

  test("takes the configuration", async () => {
    const place = scratch({ "craned.rules.yaml": readFileSync(RULES, "utf8") });
    // Debian's is built without Kubernetes; the rest of that job is checked with another source.
    const text = readFileSync(SCRAPING, "utf8").replace(
      /kubernetes_sd_configs:\n +- role: pod\n/,
      "static_configs: []\n",
    );
    const { code, out, err } = await run(["promtool", "check", "config", place.write("prometheus.yaml", text)]);
    place.remove();
    expect({ code, said: code === 0 ? "" : out + err }).toEqual({ code: 0, said: "" });
  });
});

describeWith(["prometheus"], "Prometheus", () => {
  const Answer = v.object({ status: v.literal("success"), data: v.object({ result: v.array(v.unknown()) }) });

  test("scrapes craned as it is configured, and has an answer to every query", async () => {
    const files = scratch(FILES);
    const [port, own] = [freePort(), freePort()];
    const management = `127.0.0.1:${freePort()}`;
    const args = ["--host", "127.0.0.1", "--port", String(port), "--workers", "2", "--management-listen", management];
    const craned = await startCraned(["serve", "--data-dir", files.path, ...args]);
    const config = files.write(
      "prometheus/prometheus.yaml",
      readFileSync(SCRAPING, "utf8")
        .replace(/ {2}# Pods of[\s\S]*/, "")
        .replace("127.0.0.1:5001", management)
        .replaceAll("15s", "1s"),
    );
    files.write("prometheus/craned.rules.yaml", readFileSync(RULES, "utf8"));
    const data = join(files.path, "tsdb");
    const prometheus = Bun.spawn(
      ["prometheus", `--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${own}`],
      { stdout: "ignore", stderr: "ignore" },
    );
    const query = async (expr: string): Promise<readonly unknown[]> => {
      const url = `http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(expr)}`;
      const answer: unknown = await fetch(url).then((response) => response.json());
      return v.parse(Answer, answer).data.result;
    };
    try {
      // Rates want two points, of each worker and of each kind of request that there is a panel for.
      await until(async () => {
        for (const target of ["/v2/", "/v2/team/app/manifests/1.0"]) await ask(craned.port, target);
        const counted = await query("rate(http_server_request_duration_seconds_count[1m])").catch(() => []);
        return counted.length >= 4 && (await query('up{job="craned"} == 1')).length === 1;
      });
      const silent = await Promise.all(
        queries.map(async (expr) => ((await query(filledIn(expr))).length === 0 ? expr : undefined)),
      );
      expect(silent.filter((expr) => expr !== undefined)).toEqual([]);
      for (const { expr } of alerts) await query(expr);
    } finally {
      prometheus.kill();
      await prometheus.exited;
      await craned.stop();
      files.remove();
    }
  });
});
