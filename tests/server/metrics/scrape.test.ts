/** What /metrics says, held to what was done. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../../package.json" with { type: "json" };
import { FILES } from "../../app/openapi/registries.ts";
import { strayRequests } from "../../app/openapi/requests.ts";
import { type Craned, scratch, serveDirectory } from "../../harness/craned.ts";
import { describeWith, leftovers } from "../../harness/programs.ts";
import { ask } from "../../harness/raw.ts";
import { digest, hex } from "../../harness/redirect-files.ts";
import { until } from "../../harness/until.ts";
import { answered, familiesIn, parseText, sample, scrape } from "./scraping.ts";

setDefaultTimeout(30_000);

const putAway = leftovers();

/** @param directory of the redirect files, below that of all files */
async function serving(files: Readonly<Record<string, unknown>>, directory = "", args: readonly string[] = []) {
  const data = scratch(files);
  putAway(data.remove);
  const craned = await serveDirectory(join(data.path, directory), { args });
  putAway(craned.stop);
  return { data, craned, port: craned.port, management: craned.managementPort };
}

const REQUESTS: readonly (readonly [method: string, target: string, route: string, status: number])[] = [
  ["GET", "/v2/", "/v2/", 200],
  ["GET", "/v2", "/v2/", 200],
  ["GET", "/v2/_catalog?n=1", "/v2/_catalog", 200],
  ["GET", "/v2/team/app/manifests/1.0", "/v2/{name}/manifests/{reference}", 302],
  ["HEAD", "/v2/team/app/manifests/1.0", "/v2/{name}/manifests/{reference}", 302],
  ["GET", "/v2/team/app/manifests/none", "/v2/{name}/manifests/{reference}", 404],
  ["GET", `/v2/team/app/blobs/${digest("6")}`, "/v2/{name}/blobs/{digest}", 302],
  ["GET", "/v2/team/app/blobs/latest", "/v2/{name}/blobs/{digest}", 400],
  ["GET", "/v2/old/tags/list", "/v2/{name}/tags/list", 302],
  ["GET", `/v2/team/app/referrers/${digest("2")}`, "/v2/{name}/referrers/{digest}", 200],
  ["GET", "/v2/nothing", "_OTHER", 404],
  ["GET", "/v1/_ping", "/v1/_ping", 200],
  ["POST", "/v1/users/", "/v1/users", 201],
  ["GET", "/v1/search?q=app", "/v1/search", 200],
  ["GET", "/v1/repositories/team/app/images", "/v1/repositories/{name}/images", 200],
  ["GET", "/v1/repositories/team/app/tags", "/v1/repositories/{name}/tags", 200],
  ["GET", "/v1/repositories/team/app/tags/1.0", "/v1/repositories/{name}/tags/{tag}", 200],
  ["GET", `/v1/images/${hex("a")}/json`, "/v1/images/{id}/{file}", 302],
  ["GET", "/v1/nothing", "_OTHER", 404],
  ["GET", "/healthz", "/healthz", 200],
  ["GET", "/readyz", "_OTHER", 404],
  ["GET", "/wp-login.php", "_OTHER", 404],
  ["PUT", "/v2/", "/v2/", 405],
  ["MKCOL", "/coffee", "_OTHER", 404],
];

describe("requests", async () => {
  const { port, management } = await serving(FILES);

  test.each(REQUESTS)("%s %s is counted once, as %s %i", async (method, target, route, status) => {
    const key = answered(method === "MKCOL" ? "_OTHER" : method, route, status);
    const before = (await scrape(management)).get(key) ?? 0;
    expect((await ask(port, target, { method, headers: { Accept: "*/*" } })).status).toBe(status);
    expect((await scrape(management)).get(key)).toBe(before + 1);
  });

  test("have buckets that rise to their count, and a sum within them", async () => {
    await ask(port, "/v2/team/app/manifests/1.0", { headers: { Accept: "*/*" } });
    const labels =
      'http_request_method="GET",http_response_status_code="302",http_route="/v2/{name}/manifests/{reference}"';
    const scraped = await scrape(management);
    const name = "http_server_request_duration_seconds";
    const buckets = [...scraped]
      .filter(([key]) => key.startsWith(`${name}_bucket{${labels}`))
      .map(([, count]) => count);
    expect(buckets.length).toBe(16);
    expect(buckets).toEqual(buckets.toSorted((one, other) => one - other));
    const count = scraped.get(`${name}_count{${labels}}`) ?? 0;
    expect(buckets.at(-1)).toBe(count);
    expect(scraped.get(`${name}_sum{${labels}}`)).toBeGreaterThan(0);
    expect(scraped.get(`${name}_sum{${labels}}`)).toBeLessThan(10 * count);
  });

  test("are redirects by what they lead to, and errors by their code", async () => {
    const before = await scrape(management);
    const headers = { Accept: "*/*" };
    for (const method of ["GET", "HEAD"]) await ask(port, "/v2/team/app/manifests/1.0", { method, headers });
    await ask(port, `/v2/team/app/blobs/${digest("6")}`);
    await ask(port, `/v1/images/${hex("a")}/json`);
    await ask(port, "/v2/team/app/manifests/none", { method: "HEAD", headers });
    for (const path of ["manifests/1.0", "tags/list"]) await ask(port, `/v2/no/such/${path}`, { headers });
    const after = await scrape(management);
    const grown = (name: string, labels: Readonly<Record<string, string>>) =>
      (after.get(sample(name, labels)) ?? 0) - (before.get(sample(name, labels)) ?? 0);
    expect(grown("craned_redirects_total", { api: "v2", kind: "manifest" })).toBe(2);
    expect(grown("craned_redirects_total", { api: "v2", kind: "blob" })).toBe(1);
    expect(grown("craned_redirects_total", { api: "v1", kind: "image" })).toBe(1);
    expect(grown("craned_registry_errors_total", { code: "MANIFEST_UNKNOWN" })).toBe(1);
    expect(grown("craned_registry_errors_total", { code: "NAME_UNKNOWN" })).toBe(2);
  });

  test("that strangers send do not add series without end", async () => {
    const all = strayRequests(3000, 20_261_125);
    const sent = async (some: typeof all) => {
      for (const { method, target, headers = {} } of some) await ask(port, target, { method, headers }).catch(() => {});
      return [...(await scrape(management)).keys()].filter((key) => key.includes("duration_seconds_count")).length;
    };
    await sent(all.slice(0, 2000));
    const series = await sent(all.slice(2000));
    // Routes by methods by statuses: each is of a handful, and what strangers make up is in none.
    expect(series).toBeLessThan(250);
    const text = (await ask(management, "/metrics")).body;
    expect(text).not.toContain("xxx");
    expect(text).not.toContain("team/app");
  }, 60_000);
});

test("a registry with passwords counts those it turned away", async () => {
  const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
  const data = scratch({ htpasswd: `alice:${hash}\n`, "metadata/app.json": FILES["app.json"] });
  putAway(data.remove);
  const args = ["--auth-htpasswd", join(data.path, "htpasswd")];
  const craned = await serveDirectory(join(data.path, "metadata"), { args });
  putAway(craned.stop);
  const headers = { Authorization: `Basic ${btoa("alice:wrong")}` };
  await ask(craned.port, "/v2/");
  await ask(craned.port, "/v2/", { headers });
  const scraped = await scrape(craned.managementPort);
  expect(scraped.get(sample("craned_registry_errors_total", { code: "UNAUTHORIZED" }))).toBe(2);
  expect(scraped.get(answered("GET", "/v2/", 401))).toBe(2);
});

describe("the process", async () => {
  const { craned, management } = await serving({});

  test("are told as every Prometheus client tells them", async () => {
    const scraped = await scrape(management);
    const started = scraped.get("process_start_time_seconds") ?? 0;
    expect(Math.abs(Date.now() / 1000 - started)).toBeLessThan(300);
    expect(scraped.get("process_resident_memory_bytes")).toBeGreaterThan(10e6);
    expect(scraped.get("process_cpu_seconds_total")).toBeGreaterThan(0);
    const descriptors = readdirSync(`/proc/${craned.pid}/fd`).length;
    expect(Math.abs((scraped.get("process_open_fds") ?? 0) - descriptors)).toBeLessThan(4);
    expect(scraped.get("process_max_fds")).toBeGreaterThan(descriptors);
    expect(scraped.get(sample("craned_build_info", { version, bun: Bun.version }))).toBe(1);
    expect(scraped.has("nodejs_eventloop_lag_seconds")).toBe(true);
  });
});

describe("redirect files", async () => {
  const { craned, data, management } = await serving(
    {
      "metadata/app.json": FILES["app.json"],
      "metadata/v1.json": FILES["v1.json"],
    },
    "metadata",
  );
  const [here, away] = [join(data.path, "metadata"), join(data.path, "away")];

  test("are counted with their repositories, references and faults", async () => {
    await until(async () => (await scrape(management)).get("craned_redirect_files") === 2);
    data.write("metadata/bad.json", "{");
    await until(async () => (await scrape(management)).get("craned_redirect_file_faults") === 1);
    const scraped = await scrape(management);
    expect(scraped.get(sample("craned_repositories", { api: "v1" }))).toBe(1);
    expect(scraped.get(sample("craned_repositories", { api: "v2" }))).toBe(1);
    expect(scraped.get(sample("craned_references", { api: "v1" }))).toBe(1);
    expect(scraped.get(sample("craned_references", { api: "v2" }))).toBe(3);
    expect(scraped.get("craned_redirect_files")).toBe(2);
    data.write("metadata/more.json", FILES["old.json"]);
    await until(async () => (await scrape(management)).get(sample("craned_references", { api: "v2" })) === 4);
  });

  test("are looked at, and looks that fail are told apart", async () => {
    const of = (result: string) => sample("craned_reloads_total", { result });
    const before = await scrape(management);
    expect(before.get(of("changed"))).toBeGreaterThan(0);
    expect(before.get("craned_last_reload_success")).toBe(1);
    expect(Math.abs(Date.now() / 1000 - (before.get("craned_last_reload_timestamp_seconds") ?? 0))).toBeLessThan(300);
    craned.signal("SIGHUP");
    await until(
      async () => ((await scrape(management)).get(of("unchanged")) ?? 0) > (before.get(of("unchanged")) ?? 0),
    );
    renameSync(here, away);
    await until(async () => (await scrape(management)).get("craned_last_reload_success") === 0);
    const failing = await scrape(management);
    expect(failing.get(of("failed"))).toBeGreaterThan(0);
    expect(failing.get("craned_ready")).toBe(1);
    renameSync(away, here);
    await until(async () => (await scrape(management)).get("craned_last_reload_success") === 1);
    const total = (scraped: ReadonlyMap<string, number>) =>
      ["changed", "unchanged", "failed"].reduce((sum, result) => sum + (scraped.get(of(result)) ?? 0), 0);
    const after = await scrape(management);
    expect(after.get("craned_reload_duration_seconds_count")).toBe(total(after));
  });
});

describe("/readyz, and craned_ready with it", () => {
  const ready = async ({ managementPort: management }: Craned) => {
    const { status, body } = await ask(management, "/readyz");
    return [status, JSON.parse(body).status, (await scrape(management)).get("craned_ready")];
  };
  const isNow = (craned: Craned, wanted: readonly unknown[]) =>
    until(async () => Bun.deepEquals(await ready(craned), wanted));

  test("are red as long as all that is there is in error", async () => {
    const { craned, data } = await serving({ "a.json": "{", "b.json": { version: 9 } });
    expect(await ready(craned)).toEqual([503, "broken", 0]);
    data.write("a.json", FILES["app.json"]);
    await isNow(craned, [200, "ready", 1]);
    // Its last good state goes on being served.
    data.write("a.json", "{");
    await until(async () => (await scrape(craned.managementPort)).get("craned_redirect_file_faults") === 2);
    expect(await ready(craned)).toEqual([200, "ready", 1]);
    rmSync(join(data.path, "a.json"));
    await isNow(craned, [503, "broken", 0]);
    rmSync(join(data.path, "b.json"));
    await isNow(craned, [200, "ready", 1]);
  });

  test("are red where there is no data directory", async () => {
    const data = scratch();
    putAway(data.remove);
    const craned = await serveDirectory(join(data.path, "none"));
    putAway(craned.stop);
    expect(await ready(craned)).toEqual([503, "loading", 0]);
  });
});

describe("the form", async () => {
  const { management } = await serving(FILES);
  const PROMETHEUS =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const [TEXT, OPEN] = [
    "text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  ];

  const ACCEPTS: readonly (readonly [accept: string | undefined, type: string])[] = [
    [undefined, TEXT],
    ["*/*", TEXT],
    ["text/plain", TEXT],
    ["", TEXT],
    [PROMETHEUS, OPEN],
    ["application/openmetrics-text", OPEN],
    ["Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", OPEN],
    ["application/openmetrics-text; version=0.0.1", TEXT],
    ["application/openmetrics-text; q=0", TEXT],
    ["application/openmetrics-text; q=much", TEXT],
    ["application/openmetrics-text; q=0.1, text/plain", TEXT],
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited, text/plain;q=0.5",
      TEXT,
    ],
  ];
  test.each(ACCEPTS)("for Accept %p is %s", async (accept, type) => {
    const { headers, body } = await ask(management, "/metrics", {
      headers: accept === undefined ? {} : { Accept: accept },
    });
    expect(headers.get("content-type")).toBe(type);
    expect(body.endsWith("# EOF\n")).toBe(type === OPEN);
  });

  test("differs in words alone: both have the same samples", async () => {
    const text = parseText((await ask(management, "/metrics")).body);
    const open = parseText((await ask(management, "/metrics", { headers: { Accept: OPEN } })).body);
    expect([...text.keys()].filter((key) => !open.has(key))).toEqual([]);
  });

  test("has no _total in the names of OpenMetrics' counters", async () => {
    const { body } = await ask(management, "/metrics", { headers: { Accept: OPEN } });
    expect(familiesIn(body).filter((name) => name.endsWith("_total"))).toEqual([]);
  });
});

describeWith(["promtool"], "promtool", () => {
  test("finds nothing to say about the metrics", async () => {
    const { port, management } = await serving(FILES);
    for (const [method, target] of REQUESTS) await ask(port, target, { method, headers: { Accept: "*/*" } });
    const { body } = await ask(management, "/metrics");
    const child = Bun.spawn(["promtool", "check", "metrics"], {
      stdin: Buffer.from(body),
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    expect([await child.exited, said]).toEqual([0, ""]);
  });
});
