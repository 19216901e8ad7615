/** The command line, as its users type it. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { COMMAND, runCraned, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { run } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { digest, v5 } from "../harness/redirect-files.ts";

const file = (name: string, fields: object = {}) => v5(name, { schema2_data: ["1.0", digest("1")], ...fields });

const made: { remove: () => void }[] = [];
const directory = (files: Readonly<Record<string, unknown>>) => {
  const own = scratch(files);
  made.push(own);
  return own;
};
afterAll(() => {
  for (const each of made) each.remove();
});

/** Has openssl make a certificate for the loopback, and tells where it and its key are. */
async function certificateIn(path: string): Promise<readonly [cert: string, key: string]> {
  const [cert, key] = [join(path, "cert.pem"), join(path, "key.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await Bun.$`openssl req -x509 ${kind} ${subject} -keyout ${key} -out ${cert}`.quiet();
  return [cert, key];
}

describe("craned help", () => {
  for (const args of [
    ["--help"],
    ["help"],
    ["serve", "--help"],
    ["help", "resolve"],
    ["check", "-h"],
    ["demo", "-h"],
  ]) {
    test(`${args.join(" ")} says how it is used, and exits 0`, async () => {
      const { code, out } = await runCraned(args);
      expect(code).toBe(0);
      expect(out).toContain("Usage: craned");
    });
  }

  test("of serve has every setting, its default and the signals", async () => {
    const { out } = await runCraned(["serve", "--help"]);
    for (const word of [
      "--data-dir",
      "--data-dir-polling-interval",
      "--port",
      "--workers",
      "--tls-key",
      "SIGHUP",
      "5000",
    ]) {
      expect(out).toContain(word);
    }
  });

  test("version says one", async () => {
    expect(await runCraned(["version"])).toEqual({ code: 0, out: `craned ${version}\n`, err: "" });
    expect((await runCraned(["--version"])).out).toBe(`craned ${version}\n`);
  });

  for (const args of [
    ["serv"],
    ["frobnicate"],
    ["--no-such-flag"],
    ["resolve"],
    ["resolve", "a b"],
    ["resolve", "a:b:c"],
  ]) {
    test(`${args.join(" ")} is not understood, and exits 2`, async () => {
      const { code, err } = await runCraned(args);
      expect(code).toBe(2);
      expect(err).toContain("error:");
    });
  }
});

test("a misspelt command suggests the right one", async () => {
  const { err } = await runCraned(["reslove", "team/app"]);
  expect(err).toStartWith("error: unknown command 'reslove' (Did you mean resolve?)\n");
});

describe("craned check", () => {
  test("finds nothing wrong where nothing is, and exits 0", async () => {
    const { path } = directory({ "a.json": file("a"), "sub/b.json": file("b") });
    const { code, out } = await runCraned(["check", "--data-dir", path]);
    expect(out).toBe(`${path}: 2 good redirect files, 0 v1 and 2 v2 repositories, nothing wrong\n`);
    expect(code).toBe(0);
  });

  test("names every fault of the files: path, field, expectation", async () => {
    const { path } = directory({
      "a.json": file("same"),
      "b.json": file("same"),
      "c.json": file("c", { schema2_data: ["ok", 5], protected: "yes" }),
      "d.json": "{",
      "e.json": file("Upper"),
    });
    const { code, out } = await runCraned(["check", "--data-dir", path]);
    expect(code).toBe(1);
    const lines = out.trimEnd().split("\n");
    expect(lines.slice(0, -1).sort()).toEqual([
      `error: ${path}/b.json: repo-registry-id: same is already served from ${path}/a.json`,
      `error: ${path}/c.json: protected: expected true or false, received "yes"`,
      `error: ${path}/c.json: schema2_data[1]: expected a tag or a digest, received 5`,
      expect.stringMatching(/d\.json: expected a JSON object in UTF-8, received /),
      `error: ${path}/e.json: repo-registry-id: expected a repository name, received "Upper"`,
    ]);
    expect(lines.at(-1)).toEndWith(": 2 good redirect files, 3 in error, 0 v1 and 1 v2 repositories, 5 errors");
  });

  test("names every fault of the configuration with its line, and the nearest name of an unknown key", async () => {
    const { path, write } = directory({});
    const config = write("crane.conf", `[general]\ndata_dri: ${path}\n[server]\nport: http\nworkers: 0\n`);
    const { code, out } = await runCraned(["check", "-c", config]);
    expect(code).toBe(1);
    expect(out).toContain(`${config}:4: server.port: expected a whole number from 0 to 65535, received "http"`);
    expect(out).toContain(`${config}:5: server.workers: expected`);
    expect(out).toMatch(/warning: .*:2: .*data_dir/);
  });

  test("looks at redirect files and directories too where the configuration is in error", async () => {
    const { path } = directory({ "a.json": file("Upper") });
    const args = ["--data-dir", path, "--port", "x", "--auth-htpasswd", "/nowhere", "--serve-content-enable"];
    const { code, out } = await runCraned(["check", ...args, "--serve-content-content-dir-v2", path]);
    expect(code).toBe(1);
    expect(out).toContain("error: --port: server.port: expected");
    expect(out).toContain("/nowhere");
    expect(out).toContain(`default: serve_content.content_dir_v1: expected a directory, or no v1 content is served`);
    expect(out).not.toContain("content_dir_v2");
    expect(out).toContain("a.json: repo-registry-id:");
    expect(out).toEndWith(", 1 in error, 0 v1 and 0 v2 repositories, 4 errors\n");
  });

  test("says that there are no repositories", async () => {
    const { path } = directory({});
    const { code, out } = await runCraned(["check", "--data-dir", path]);
    expect([code, out]).toEqual([0, `${path}: 0 good redirect files, 0 v1 and 0 v2 repositories, no repositories\n`]);
  });

  const REVIEWED: readonly [args: readonly string[], finding: string | undefined][] = [
    [["--trusted-proxies", "10.0.0.0/8 fc00::/7"], undefined],
    [
      ["--trusted-proxies", "10.0.0.0/8 0.0.0.0/0"],
      "error: --trusted-proxies: server.trusted_proxies: expected the addr",
    ],
    [
      ["--trusted-proxies", "0.0.0.0/1 128.0.0.0/1"],
      "error: --trusted-proxies: server.trusted_proxies: expected the addr",
    ],
    [["--trusted-proxies", "::/0"], "error: --trusted-proxies: server.trusted_proxies: expected the addr"],
    [["--trusted-proxies", "::ffff:0:0/96"], "error: --trusted-proxies: server.trusted_proxies: expected the addr"],
    [["--management-listen", "192.168.1.1:5001"], undefined],
    [["--management-listen", "unix:/run/craned.sock"], undefined],
    [["--management-listen", "off"], undefined],
    [
      ["--management-listen", "0.0.0.0:5001"],
      "warning: --management-listen: management.listen: expected an address that",
    ],
    [
      ["--management-listen", "[2001:db8::1]:5001"],
      "warning: --management-listen: management.listen: expected an address",
    ],
    [
      ["--management-on-registry-port"],
      "warning: --management-on-registry-port: management.on_registry_port: expected fa",
    ],
    [
      ["--serve-content-link-roots", "/nowhere"],
      "warning: --serve-content-link-roots: serve_content.link_roots: expected dir",
    ],
    [
      ["--auth-client-cert-verified-by-proxy", "--auth-client-cert-format=nginx", "--trusted-proxies=::1"],
      "warning: --auth-client-cert-verified-by-proxy: auth.client_cert_verified_by_proxy: expected auth.client_ca",
    ],
  ];
  const { path: good } = directory({ "a.json": file("a") });
  test.each(REVIEWED)("of %j", async (args, finding) => {
    const { code, out } = await runCraned(["check", "--data-dir", good, ...args]);
    const [first = "", ...others] = out.trimEnd().split("\n");
    if (finding === undefined) expect(first).toContain("nothing wrong");
    else expect(first).toStartWith(finding);
    expect(others.length).toBe(finding === undefined ? 0 : 1);
    expect(code).toBe(finding?.startsWith("error") === true ? 1 : 0);
  });

  test("says that a directory is not there", async () => {
    const { path } = directory({});
    const { code, out } = await runCraned(["check", "--data-dir", join(path, "none")]);
    expect(code).toBe(1);
    expect(out).toContain(join(path, "none"));
  });
});

describe("craned serve", () => {
  test("reads the file that the original reads, under its flags and environment", async () => {
    const { path, write } = directory({ "data/a.json": file("a") });
    const config = write(
      "crane.conf",
      `# Crane 3.3.1\n[general]\ndebug: true\ndata_dir: ${path}/data\ndata_dir_polling_interval: 60\nendpoint: crane.test\n`,
    );
    const craned = await startCraned(["-c", config, "--port", "0"], { CRANE_SERVER_HOST: "127.0.0.1" });
    expect((await fetch(`${craned.origin}/v2/a/tags/list`)).status).toBe(200);
    expect(await craned.stop()).toBe(0);
  });

  test("refuses a port that is taken, with a hint", async () => {
    const { path } = directory({});
    const first = await serveDirectory(path);
    const flags = ["--data-dir", path, "--host", "127.0.0.1", "--port", String(first.port)];
    for (const more of [[], ["--workers", "2"]]) {
      const { code, err } = await runCraned(["serve", ...flags, ...more]);
      expect(code).toBe(1);
      expect(err).toContain("--port");
    }
    const demo = await runCraned(["demo", "--port", String(first.port)]);
    expect([demo.code, demo.err]).toEqual([1, expect.stringContaining("another program listens there")]);
    await first.stop();
  });

  test("refuses a bad configuration before it listens", async () => {
    const { code, err } = await runCraned(["serve", "--port", "70000"]);
    expect(code).toBe(1);
    expect(err).toContain("server.port: expected a whole number from 0 to 65535");
  });

  test("refuses a certificate or a key that is none, naming the setting and the file", async () => {
    const { path, write } = directory({});
    const pem = write("text.pem", "no PEM");
    const [cert, key] = await certificateIn(path);
    const ROWS: readonly (readonly [cert: string, key: string, words: string])[] = [
      ["/no.pem", key, "server.tls_certificate: expected a certificate in /no.pem"],
      [pem, key, `server.tls_certificate: expected a certificate in ${pem}`],
      [cert, pem, `server.tls_key: expected a private key in ${pem}`],
    ];
    for (const [certificate, privateKey, words] of ROWS) {
      const tls = ["--tls-certificate", certificate, "--tls-key", privateKey];
      const { code, err } = await runCraned(["serve", "--port", "0", ...tls]);
      expect(code).toBe(1);
      expect(err).toContain(words);
    }
  });

  test("looks at its files at once on SIGHUP, and says in a line what changed", async () => {
    const { path } = directory({ "a.json": file("a") });
    const craned = await serveDirectory(path, { args: ["--data-dir-polling-interval", "3600"] });
    mkdirSync(join(path, "new"));
    writeFileSync(join(path, "new/b.json.tmp"), JSON.stringify(file("b")));
    renameSync(join(path, "new/b.json.tmp"), join(path, "new/b.json"));
    craned.signal("SIGHUP");
    await craned.logged((line) => line.includes("reloading"));
    await craned.logged((line) => line.includes('"names":"b"'));
    expect((await fetch(`${craned.origin}/v2/b/tags/list`)).status).toBe(200);
    await craned.stop();
  });

  test("logs each request when asked, on one line whatever the client sent", async () => {
    const { path } = directory({ "a.json": file("a") });
    const craned = await serveDirectory(path, { args: ["--log-access"] });
    const targets = ["/v2/a/manifests/1.0", "/v2/a/tags/list", "/v2/%0a%5cx/manifests/1", "//x"];
    for (const target of targets) await ask(craned.port, target, { headers: { Accept: "*/*" } });
    const statuses = [302, 200, 404, 404];
    for (const [number, target] of targets.entries()) {
      const line = await craned.logged((each) => each.includes(JSON.stringify(target)));
      expect(JSON.parse(line)).toMatchObject({
        "url.path": target,
        "http.response.status_code": statuses[number],
      });
    }
    await craned.stop();
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends it with exit code 0`, async () => {
      const craned = await serveDirectory(directory({}).path);
      craned.signal(signal);
      expect(await craned.exited).toBe(0);
    });
  }

  test("shares its port among workers, starts again one that dies, and ends them all", async () => {
    const { path } = directory({ "a.json": file("a") });
    const free = await serveDirectory(path);
    await free.stop();
    const args = ["serve", "--data-dir", path, "--host", "127.0.0.1", "--port", String(free.port), "--workers", "2"];
    const craned = await startCraned(args);
    const count = () => craned.log().filter((line) => line.includes("listening on")).length;
    await craned.logged(() => count() === 2);
    const workers = (await Bun.$`pgrep -P ${craned.pid}`.text()).trim().split("\n");
    expect(workers.length).toBe(2);
    process.kill(Number(workers[0]), "SIGKILL");
    await craned.logged(() => count() === 3);
    expect((await fetch(`${craned.origin}/v2/a/tags/list`)).status).toBe(200);
    expect(await craned.stop()).toBe(0);
    for (const pid of workers) expect(() => process.kill(Number(pid), 0)).toThrow();
  });

  test("leaves no worker behind that holds the port when the parent is killed", async () => {
    const { path } = directory({ "a.json": file("a") });
    const free = await serveDirectory(path);
    await free.stop();
    const args = ["serve", "--data-dir", path, "--host", "127.0.0.1", "--port", String(free.port), "--workers", "2"];
    const craned = await startCraned(args);
    const count = (words: string) => craned.log().filter((line) => line.includes(words)).length;
    await craned.logged(() => count("listening on") === 2);
    craned.signal("SIGKILL");
    await craned.logged(() => count("stopping") === 2);
    const next = await startCraned(args.with(-1, "1"));
    expect((await fetch(`${next.origin}/v2/a/tags/list`)).status).toBe(200);
    await next.stop();
  });
});

describe("craned over TLS", () => {
  test("answers with its certificate", async () => {
    const { path } = directory({ "a.json": file("a") });
    const [cert, key] = await certificateIn(path);
    const craned = await serveDirectory(path, { args: ["--tls-certificate", cert, "--tls-key", key] });
    const ca = await Bun.file(cert).text();
    const answer = await fetch(`https://127.0.0.1:${craned.port}/v2/a/tags/list`, { tls: { ca } });
    expect(await answer.json()).toEqual({ name: "a", tags: ["1.0"] });
    await craned.stop();
  });
});

describe("the binary", () => {
  test("needs nothing around it: another directory, an empty environment", async () => {
    const { path } = directory({ "a.json": file("a") });
    const binary = join(import.meta.dir, "../../dist/craned");
    const child = Bun.spawn([binary, "check", "--data-dir", path, "-c", "/dev/null"], {
      cwd: "/",
      env: {},
      stdout: "pipe",
    });
    expect(await new Response(child.stdout).text()).toContain("nothing wrong");
    expect(await child.exited).toBe(0);
  });
});

test("what is printed comes whole out of a pipe whose reader is slow, and a full disk is a failure", async () => {
  const command = [...COMMAND, "openapi"].map((part) => `'${part}'`).join(" ");
  const slowly = await run(["bash", "-c", `${command} | (sleep 0.3; cat)`]);
  expect(() => JSON.parse(slowly.out)).not.toThrow();
  expect((await run(["bash", "-c", `${command} > /dev/full`])).code).toBe(1);
});
