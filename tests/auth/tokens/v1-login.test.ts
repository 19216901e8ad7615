/** A docker daemon's login on the v1 API: a password once, then the token of the answer. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../../harness/craned.ts";
import { freePort } from "../../harness/nginx.ts";
import { ALICE, basic } from "../../harness/passwords.ts";
import { hex, v1 } from "../../harness/redirect-files.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const [SHARED, OWN, OTHERS] = [hex("a"), hex("b"), hex("c")];
const withImages = (name: string, ...ids: readonly string[]) =>
  v1(name, { images: ids.map((id) => ({ id })), tags: { latest: ids[0] } });

const data = scratch({
  "app.json": withImages("team/app", OWN, SHARED),
  "base.json": withImages("base", OTHERS, SHARED),
  "odd.json": withImages("-team/app_", OTHERS),
  "library.json": withImages("library/old", OTHERS),
});
const users = scratch({ users: ALICE });
// Two workers and a replica: each request may reach another process.
const servers: Craned[] = [];
beforeAll(async () => {
  const args = ["--auth-htpasswd", `${users.path}/users`, "--log-access", "true"];
  servers.push(await serveDirectory(data.path, { args: [...args, "--workers", "2", "--port", String(freePort())] }));
  servers.push(await serveDirectory(data.path, { args }));
});
afterAll(async () => {
  await Promise.all(servers.map((each) => each.stop()));
  data.remove();
  users.remove();
});

const ask = (server: Craned | undefined, path: string, headers: Record<string, string> = {}) =>
  fetch(`${server?.origin}${path}`, { headers, redirect: "manual", keepalive: false });

async function logIn(name: string): Promise<string> {
  const headers = { Authorization: basic("alice", "secret"), "X-Docker-Token": "true" };
  const answer = await ask(servers[0], `/v1/repositories/${name}/images`, headers);
  expect([answer.status, answer.headers.get("Cache-Control")]).toEqual([200, "private, no-store"]);
  return answer.headers.get("X-Docker-Token") ?? "";
}

const PATHS: readonly [path: string, status: number, location: string | null][] = [
  ["/v1/repositories/team/app/tags", 200, null],
  ["/v1/repositories/team/app/tags/latest", 200, null],
  ["/v1/repositories/team/app/images", 200, null],
  [`/v1/images/${OWN}/layer`, 302, `http://cdn.test/team/app/${OWN}/layer`],
  [`/v1/images/${SHARED}/json`, 302, `http://cdn.test/team/app/${SHARED}/json`],
  [`/v1/images/${OTHERS}/layer`, 404, null],
  ["/v1/repositories/base/tags", 401, null],
  ["/v2/", 401, null],
  ["/v2/_catalog", 401, null],
];

describe("a docker daemon that logged in", () => {
  test.each(PATHS)("asks for %s with its token: %d", async (path, status, location) => {
    const token = await logIn("team/app");
    // Again and again, so that every worker has its turn.
    for (const server of [...servers, ...servers, ...servers]) {
      const answer = await ask(server, path, { Authorization: `Token ${token}` });
      expect([answer.status, answer.headers.get("Location")]).toEqual([status, location]);
    }
  });

  test("has one name for a repository with and without library/", async () => {
    const token = await logIn("library/base");
    for (const name of ["base", "library/base"]) {
      const answer = await ask(servers[1], `/v1/repositories/${name}/tags`, { Authorization: `Token ${token}` });
      expect(answer.status).toBe(200);
    }
  });

  test.each(["-team/app_", "old", "library/old"])("has a token for %s, as docker named things once", async (name) => {
    const answer = await ask(servers[1], `/v1/repositories/${name}/tags/latest`, {
      Authorization: `Token ${await logIn(name)}`,
    });
    expect([answer.status, await answer.json()]).toEqual([200, OTHERS]);
  });

  test("is known to the access log by its name", async () => {
    const token = await logIn("team/app");
    await ask(servers[1], "/v1/repositories/team/app/tags?mine", { Authorization: `Token ${token}` });
    const line = await servers[1]?.logged((each) => each.includes("mine"));
    expect(JSON.parse(line ?? "")).toMatchObject({ "user.name": "alice", "http.response.status_code": 200 });
  });
});

describe("no token is given", () => {
  const IMAGES = "/v1/repositories/team/app/images";
  const PASSWORD = { Authorization: basic("alice", "secret") };
  const ASKS = { "X-Docker-Token": "true" };

  test.each([
    ["without a password", IMAGES, ASKS, 401],
    ["for a wrong password", IMAGES, { ...ASKS, Authorization: basic("alice", "wrong") }, 401],
    ["where it is not asked for", IMAGES, PASSWORD, 200],
    ["for a repository that is not there", "/v1/repositories/none/images", { ...ASKS, ...PASSWORD }, 404],
    ["on another route", "/v1/repositories/team/app/tags", { ...ASKS, ...PASSWORD }, 200],
  ])("%s", async (_, path, headers, status) => {
    const answer = await ask(servers[0], path, headers);
    expect([answer.status, answer.headers.get("X-Docker-Token")]).toEqual([status, null]);
  });
});

test("a user whose password is wrong is not named in the access log", async () => {
  for (const path of ["/v1/repositories/team/app/tags?wrong", "/nowhere?wrong", "/v2/x/y?wrong"]) {
    await ask(servers[1], path, { Authorization: basic("mallory", "x") });
    const line = await servers[1]?.logged((each) => each.includes(path.split("?")[0] ?? "") && each.includes("wrong"));
    expect(JSON.parse(line ?? "")).not.toHaveProperty("user.name");
  }
});
