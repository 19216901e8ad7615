/** Web pages of other origins, and containerd's mirrors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { ask } from "../harness/raw.ts";
import { hex, v1, v5 } from "../harness/redirect-files.ts";
import { createSigner, ISSUER, pullOf, SERVICE } from "../harness/token-server.ts";

const file = (name: string) => v5(name, { schema2_data: ["1.0"] });

const data = scratch({
  "a.json": file("hub/library/alpine"),
  "b.json": file("team/app"),
  "c.json": file("library/solo"),
  "d.json": v5("hub/pages", { schema2_data: ["a", "b"] }),
  "e.json": v1("library/old", { images: [{ id: hex("a") }], tags: { "1.0": hex("a") } }),
});
afterAll(data.remove);

const serving = (settings: string) => {
  let craned: Craned | undefined;
  beforeAll(async () => {
    const config = scratch({ "crane.conf": settings });
    craned = await serveDirectory(data.path, { args: ["--config", `${config.path}/crane.conf`] });
  });
  afterAll(async () => void (await craned?.stop()));
  return (target: string, method = "GET", headers: Readonly<Record<string, string>> = {}) =>
    ask(craned?.port ?? 0, target, { method, headers: { Accept: "*/*", ...headers } });
};

const MANIFEST = "/v2/team/app/manifests/1.0";

describe("[cors] origins", () => {
  const asked = serving("[cors]\norigins: https://ui.test\n");

  test("lets a listed origin read answers, errors and redirects too", async () => {
    for (const target of ["/v2/", MANIFEST, "/v2/no/such/manifests/1.0", "/v1/_ping"]) {
      const { headers } = await asked(target, "GET", { Origin: "https://ui.test" });
      expect([target, headers.get("access-control-allow-origin")]).toEqual([target, "https://ui.test"]);
      expect(headers.get("access-control-expose-headers")).toBe("Docker-Content-Digest, Link, WWW-Authenticate");
      expect(headers.get("vary")).toContain("Origin");
    }
  });

  test("answers its preflight", async () => {
    const { status, headers } = await asked(MANIFEST, "OPTIONS", { Origin: "https://ui.test" });
    expect([status, headers.get("access-control-allow-methods")]).toEqual([204, "GET, HEAD"]);
    expect(headers.get("access-control-allow-headers")).toContain("Authorization");
  });

  test("tells other origins, and other paths, nothing", async () => {
    expect((await asked(MANIFEST, "OPTIONS", { Origin: "https://evil.test" })).status).toBe(405);
    const other = await asked(MANIFEST, "GET", { Origin: "https://evil.test" });
    expect([other.status, other.headers.has("access-control-allow-origin")]).toEqual([302, false]);
    const health = await asked("/healthz", "GET", { Origin: "https://ui.test" });
    expect(health.headers.has("access-control-allow-origin")).toBe(false);
  });
});

describe("[cors] origins: *", () => {
  const asked = serving("[cors]\norigins: *\n");

  test("lets every origin read, without credentials", async () => {
    const { headers } = await asked(MANIFEST, "GET", { Origin: "https://any.test" });
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.has("access-control-allow-credentials")).toBe(false);
  });
});

describe("[mirror]", () => {
  const asked = serving("[mirror]\ndocker.io = hub/\n");
  const location = async (target: string) => (await asked(target)).headers.get("location");

  test("maps a registry's host to a prefix of names", async () => {
    const found = await location("/v2/library/alpine/manifests/1.0?ns=docker.io");
    expect(found).toBe("http://cdn.test/hub/library/alpine/manifests/2/1.0");
  });

  test("is in the link to the next page", async () => {
    const { headers, body } = await asked("/v2/pages/tags/list?n=1&ns=docker.io");
    expect([headers.get("link"), JSON.parse(body).tags]).toEqual(['<?last=a&n=1&ns=docker.io>; rel="next"', ["a"]]);
  });

  test("leaves names alone without ns, and knows no registry that is not in the table", async () => {
    expect(await location(MANIFEST)).toBe("http://cdn.test/team/app/manifests/2/1.0");
    const { status, body } = await asked(`${MANIFEST}?ns=quay.io`);
    expect([status, JSON.parse(body).errors[0].code]).toEqual([404, "NAME_UNKNOWN"]);
  });
});

test("a token is for the name here: of a mirrored registry, with and without library/", async () => {
  const { jwk, sign } = await createSigner("ES256");
  const files = scratch({ jwks: { keys: [jwk] }, "crane.conf": "[mirror]\ndocker.io = hub/\n" });
  const craned = await serveDirectory(data.path, {
    args: [
      ...["--config", `${files.path}/crane.conf`, "--auth-token-jwks", `${files.path}/jwks`],
      ...["--auth-token-realm", "https://auth.test/token", "--auth-token-service", SERVICE],
      ...["--auth-token-issuer", ISSUER],
    ],
  });
  const now = Math.floor(Date.now() / 1000);
  const times = { exp: now + 300, nbf: now - 10, iat: now - 10 };
  for (const [target, name, status] of [
    ["/v2/library/alpine/manifests/1.0?ns=docker.io", "hub/library/alpine", 302],
    ["/v2/library/alpine/manifests/1.0?ns=docker.io", "library/alpine", 401],
    ["/v2/solo/manifests/1.0", "solo", 302],
    ["/v2/library/solo/manifests/1.0", "library/solo", 302],
    ["/v2/solo/manifests/1.0", "library/solo", 401],
  ] as const) {
    const token = await sign({ claims: { ...times, access: pullOf(name) } });
    const answer = await ask(craned.port, target, { headers: { Accept: "*/*", Authorization: `Bearer ${token}` } });
    expect([target, name, answer.status]).toEqual([target, name, status]);
  }
  const { headers } = await ask(craned.port, "/v2/library/alpine/manifests/1.0?ns=docker.io");
  expect(headers.get("www-authenticate")).toContain('scope="repository:hub/library/alpine:pull"');
  await craned.stop();
  files.remove();
});

describe("without a table", () => {
  const asked = serving("");

  test("ns is ignored", async () => {
    expect((await asked(`${MANIFEST}?ns=quay.io`)).status).toBe(302);
  });

  test("library/<name> and <name> are one where one of them is loaded", async () => {
    for (const name of ["solo", "library/solo"]) {
      const { headers } = await asked(`/v2/${name}/manifests/1.0`);
      expect(headers.get("location")).toBe("http://cdn.test/library/solo/manifests/2/1.0");
    }
    for (const name of ["old", "library/old"]) {
      expect(JSON.parse((await asked(`/v1/repositories/${name}/tags/1.0`)).body)).toBe(hex("a"));
    }
  });
});
