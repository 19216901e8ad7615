/** Real clients, with and without a login. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Craned, type Scratch, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, run } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";

setDefaultTimeout(60_000);

const afterwards = leftovers();
const PASSWORD = "correct horse: battery";

let files: Scratch;
let craned: Craned;
let host: string;
beforeAll(async () => {
  const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
  afterwards(demo.stop);
  files = scratch();
  afterwards(files.remove);
  for (const [name, text] of buildDemo(demo.origin).redirectFiles) files.write(`data/${name}`, text);
  const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
  const htpasswd = files.write("htpasswd", `somebody:${hash}\n`);
  craned = await serveDirectory(join(files.path, "data"), { args: ["--auth-htpasswd", htpasswd] });
  afterwards(craned.stop);
  host = `127.0.0.1:${craned.port}`;
});

const basic = (password: string) => ({ Authorization: `Basic ${btoa(`somebody:${password}`)}` });

describe("a registry with passwords", () => {
  for (const target of [
    "/v2/",
    "/v2/demo/hello/manifests/latest",
    "/v2/demo/tree/manifests/latest",
    "/v2/demo/hello/tags/list",
    "/v2/_catalog",
  ]) {
    test(`${target} asks who it is`, async () => {
      for (const headers of [{}, basic("wrong"), { Authorization: "Basic !" }, { Authorization: "Bearer x" }]) {
        const answer = await ask(craned.port, target, { headers });
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toBe('Basic realm="craned"');
        expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
        expect(JSON.parse(answer.body).errors[0].code).toBe("UNAUTHORIZED");
      }
    });

    test(`${target} answers whoever says it`, async () => {
      const headers = { ...basic(PASSWORD), Accept: "*/*" };
      for (let time = 0; time < 2; time++) {
        expect((await ask(craned.port, target, { headers })).status).toBe(
          target.includes("/tree/manifests") ? 302 : 200,
        );
      }
    });
  }

  test("asks on v1 too, in text", async () => {
    const answer = await ask(craned.port, "/v1/repositories/demo/legacy/images");
    expect([answer.status, answer.body]).toEqual([401, "Unauthorized"]);
    expect(answer.headers.get("www-authenticate")).toStartWith("Basic");
    expect((await ask(craned.port, "/v1/repositories/demo/legacy/images", { headers: basic(PASSWORD) })).status).toBe(
      200,
    );
  });

  test("tells its health to everybody", async () => {
    expect((await ask(craned.port, "/healthz")).status).toBe(200);
  });

  test("takes a changed file without a restart", async () => {
    const hash = await Bun.password.hash("new", { algorithm: "bcrypt", cost: 4 });
    const own = files.write("htpasswd-2", `somebody:${hash}\n`);
    const other = await serveDirectory(join(files.path, "data"), { args: ["--auth-htpasswd", own] });
    expect((await ask(other.port, "/v2/", { headers: basic("new") })).status).toBe(200);
    files.write("htpasswd-2", "");
    while ((await ask(other.port, "/v2/", { headers: basic("new") })).status !== 401) await Bun.sleep(20);
    await other.stop();
  });
});

describeWith(["skopeo", "podman"], "skopeo and podman", () => {
  test("skopeo logs in and copies; without that it is refused", async () => {
    const authFile = ["--authfile", join(files.path, "skopeo.json")];
    const copy = (to: string) =>
      run([
        "skopeo",
        "copy",
        ...authFile,
        "--src-tls-verify=false",
        `docker://${host}/demo/hello`,
        `dir:${files.path}/${to}`,
      ]);
    const refused = await copy("none");
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("unauthorized")]);
    const login = ["skopeo", "login", ...authFile, "--tls-verify=false", "-u", "somebody", host];
    expect((await run([...login, "-p", "wrong"])).code).not.toBe(0);
    expect((await run([...login, "-p", PASSWORD])).code).toBe(0);
    expect((await copy("copied")).code).toBe(0);
  });

  test("podman logs in and pulls; without that it is refused", async () => {
    const podman = freshPodman();
    const authFile = ["--authfile", files.write("podman.json", "{}")];
    const pull = () => podman.run("pull", ...authFile, "--tls-verify=false", `${host}/demo/hello:1.0`);
    expect((await pull()).err).toContain("unauthorized");
    const login = await podman.run("login", ...authFile, "--tls-verify=false", "-u", "somebody", "-p", PASSWORD, host);
    expect(login.out).toContain("Login Succeeded");
    expect((await pull()).code).toBe(0);
    await podman.remove();
  });
});
