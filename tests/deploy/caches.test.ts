/** Real shared caches in front of craned give nobody an answer that was made for somebody else. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { freePort, startNginxWith } from "../harness/nginx.ts";
import { describeWith, leftovers, whereIs } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { descriptorOf, digest, OCI, SCHEMA_1, v5, v6 } from "../harness/redirect-files.ts";
import { until } from "../harness/until.ts";

setDefaultTimeout(60_000);

const putAway = leftovers();

const MANIFEST = descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI });
const DIGEST = MANIFEST.digest;
const BLOB = digest("5");

const whole = (name: string, fields: object = {}) =>
  v6(name, {
    tags: { "1.0": DIGEST },
    manifests: [MANIFEST],
    ...fields,
  });
const tree = (name: string, fields: object = {}) =>
  v5(name, {
    schema1_data: ["1.0", BLOB],
    schema2_data: ["1.0"],
    ...fields,
  });

interface Cache {
  readonly port: number;
  readonly stop: () => unknown;
}

/** Caches for as long as answers allow it, and says so. */
async function startNginxCache(backend: number): Promise<Cache> {
  const port = freePort();
  const files = scratch();
  putAway(files.remove);
  const { stop } = await startNginxWith(`
    proxy_cache_path ${files.path} keys_zone=registry:1m;
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass http://127.0.0.1:${backend};
        proxy_cache registry;
        add_header X-Cache $upstream_cache_status;
      }
    }`);
  return { port, stop };
}

/** Varnish as Debian ships it, with its built-in rules. */
async function startVarnish(backend: number): Promise<Cache> {
  const port = freePort();
  const work = scratch();
  putAway(work.remove);
  const child = Bun.spawn(
    [
      ...[whereIs("varnishd") ?? "varnishd", "-F", "-n", join(work.path, "varnish"), "-j", "none"],
      ...["-a", `127.0.0.1:${port}`, "-b", `127.0.0.1:${backend}`, "-s", "malloc,16m", "-T", "none"],
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  await until(() =>
    ask(port, "/healthz").then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return {
    port,
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
const ALICE = { Authorization: `Basic ${btoa("alice:secret")}` };

for (const [name, program, start] of [
  ["nginx's cache", "nginx", startNginxCache],
  ["Varnish", "varnishd", startVarnish],
] as const) {
  describeWith([program], name, () => {
    let cache: Cache;
    let craned: Craned;

    const serve = async (files: Readonly<Record<string, unknown>>, settings = "") => {
      const data = scratch(files);
      const config = scratch({ "crane.conf": settings, htpasswd: `alice:${hash}\n` });
      putAway(data.remove);
      putAway(config.remove);
      const path = join(config.path, "crane.conf");
      const args = ["--config", path, "--log-access"];
      if (settings.includes("[auth]")) args.push("--auth-htpasswd", join(config.path, "htpasswd"));
      craned = await serveDirectory(data.path, { args });
      putAway(craned.stop);
      cache = await start(craned.port);
      putAway(cache.stop);
    };
    /** Asks the cache. */
    const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
      ask(cache.port, target, { headers: { Accept: "*/*", ...headers } });
    const reached = (mark: string) => craned.log().filter((line) => line.includes(mark)).length;

    describe("in front of a public registry", () => {
      beforeAll(() => serve({ "whole.json": whole("whole"), "tree.json": tree("tree") }));

      test("answers again what is asked by digest, and asks again for what may change", async () => {
        for (let time = 0; time < 3; time++) {
          expect((await get(`/v2/whole/manifests/${DIGEST}?digest`)).body).toBe(atob(MANIFEST.data));
          expect((await get("/v2/whole/manifests/1.0?tag")).status).toBe(200);
          expect((await get("/v2/whole/tags/list?tags")).status).toBe(200);
        }
        await until(() => reached('"tag"') === 3 && reached('"tags"') === 3);
        expect(reached('"digest"')).toBe(1);
      });

      test("does not give one client's choice, or its 404, to the next", async () => {
        const target = "/v2/tree/manifests/1.0";
        const place = async (accept: string) => (await get(target, { Accept: accept })).headers.get("location");
        expect(await place(SCHEMA_1)).toBe("http://cdn.test/tree/manifests/1/1.0");
        expect(await place("*/*")).toBe("http://cdn.test/tree/manifests/2/1.0");
        const status = async (accept: string) => (await get("/v2/whole/manifests/1.0", { Accept: accept })).status;
        expect([await status(SCHEMA_1), await status(OCI), await status(SCHEMA_1)]).toEqual([404, 200, 404]);
      });
    });

    describe("in front of passwords", () => {
      beforeAll(() => serve({ "whole.json": whole("whole"), "tree.json": tree("tree") }, "[auth]\n"));

      test("keeps nothing of a user's for strangers", async () => {
        const targets = [
          `/v2/whole/manifests/${DIGEST}`,
          `/v2/tree/blobs/${BLOB}`,
          "/v2/_catalog",
          "/v2/tree/tags/list",
        ];
        for (const target of targets) {
          expect((await get(target, ALICE)).status).not.toBe(401);
          expect([target, (await get(target)).status]).toEqual([target, 401]);
          expect((await get(target, ALICE)).status).not.toBe(401);
        }
      });
    });

    describe("in front of signed URLs", () => {
      const settings = "[cdn]\nurl_auth_secret: 0badc0ffee\nurl_auth_ttl: 60\n";
      beforeAll(() => serve({ "tree.json": tree("tree") }, settings));

      test("leaves each signature to its client", async () => {
        for (let time = 0; time < 2; time++) {
          const { headers } = await get(`/v2/tree/blobs/${BLOB}?signed`);
          expect(headers.get("location")).toContain("hmac=");
        }
        await until(() => reached("signed") === 2);
      });
    });
  });
}
