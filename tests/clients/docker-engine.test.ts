/** Docker Engine as Debian has it, which speaks v2, and v1 for searching only. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Craned, type Scratch, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { type DockerEngine, startDockerEngine } from "../harness/docker-engine.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";
import { digest } from "../harness/redirect-files.ts";
import { blobsOf, HELLO, imageFor } from "./demo-content.ts";

setDefaultTimeout(180_000);

const ABSENT = digest("0");

/** This machine's architecture, as images call it. */
const HERE = process.arch === "arm64" ? "arm64" : "amd64";

describeWith(["dockerd", "docker"], "Docker Engine", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let demo: Craned;
  let docker: DockerEngine;
  let host: string;
  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    afterwards(demo.stop);
    host = `127.0.0.1:${demo.port}`;
    docker = await startDockerEngine(host);
    afterwards(docker.stop);
  });

  const configOf = (image: Uint8Array): string => `sha256:${blobsOf(image)[0]}`;

  // What a client sees is the same through redirect files of version 6, of demo/hello, and of version 5.
  test.each([
    ["hello", "index"],
    ["hello", "list"],
    ["hello", "oci"],
    ["hello", "schema2"],
    ["tree", "index"],
    ["tree", "schema2"],
  ] as const)("pulls from demo/%s an image of kind %s, by tag and by digest", async (name, kind) => {
    const published = HELLO[kind];
    const isListed = kind === "index" || kind === "list";
    const image = isListed ? imageFor(HERE, published.bytes) : published.bytes;
    const platform = ["--platform", isListed ? `linux/${HERE}` : "linux/amd64"];
    for (const reference of [`:${published.tag}`, `@${published.digest}`]) {
      const pulled = `${host}/demo/${name}${reference}`;
      expect(await docker.pull(pulled, ...platform)).toBe(configOf(image));
      const digests = await docker.succeed("image", "inspect", "--format", "{{json .RepoDigests}}", pulled);
      expect(JSON.parse(digests)).toEqual([`${host}/demo/${name}@${published.digest}`]);
    }
  });

  test("pulls an image of schema 1", async () => {
    await docker.pull(`${host}/demo/hello:${HELLO.schema1.tag}`);
    const inspect = ["image", "inspect", "--format", "{{len .RootFS.Layers}}"];
    expect(await docker.succeed(...inspect, `${host}/demo/hello:old`)).toBe(`${blobsOf(HELLO.schema1.bytes).length}`);
  });

  test("pulls the image of another architecture", async () => {
    const id = await docker.pull(`${host}/demo/hello:list`, "--platform", "linux/arm64");
    expect(id).toBe(configOf(imageFor("arm64", HELLO.list.bytes)));
  });

  test("pulls names of docker.io from its mirror", async () => {
    expect(await docker.pull("demo/hello:list")).toBe(configOf(imageFor(HERE, HELLO.list.bytes)));
  });

  test("makes a container whose program runs", async () => {
    await docker.pull(`${host}/demo/hello`);
    const container = await docker.succeed("create", `${host}/demo/hello`, "/hello");
    const program = join(work.path, "hello");
    await docker.succeed("cp", `${container}:/hello`, program);
    expect(await succeed([program])).toBe(`Hello from craned! This is demo/hello for linux/${HERE}.\n`);
  });

  test("pulls all tags", async () => {
    await docker.succeed("image", "prune", "--all", "--force");
    await docker.succeed("pull", "--quiet", "--all-tags", `${host}/demo/hello`);
    const images = await docker.succeed("image", "ls", "--format", "{{.Tag}}", `${host}/demo/hello`);
    expect([...new Set(images.split("\n"))].sort()).toEqual(["1.0", "1.0-oci", "latest", "list", "oci", "old"]);
  });

  const UNKNOWN = [
    ["hello:missing", "manifest for HOST/demo/hello:missing not found: manifest unknown: manifest unknown"],
    [`hello@${ABSENT}`, `manifest for HOST/demo/hello@${ABSENT} not found: manifest unknown: manifest unknown`],
    // Only v1 has these; engines that still spoke it went on there.
    ["both:1-ubuntu", "manifest for HOST/demo/both:1-ubuntu not found: manifest unknown: manifest unknown"],
    ["legacy", "manifest for HOST/demo/legacy:latest not found: manifest unknown: manifest unknown"],
    ["nothing", "repository HOST/demo/nothing not found: name unknown: repository name not known to registry"],
  ] as const;

  test.each(UNKNOWN)("says of %s what is unknown", async (image, complaint) => {
    const { code, err } = await docker.run("pull", `${host}/demo/${image}`);
    expect([code, err.trim()]).toEqual([1, `Error response from daemon: ${complaint.replace("HOST", host)}`]);
  });

  test("inspects a list without pulling it", async () => {
    const inspect = ["manifest", "inspect", "--insecure"];
    const inspected = await docker.succeed(...inspect, `${host}/demo/hello:list`);
    expect(JSON.parse(inspected)).toEqual(JSON.parse(new TextDecoder().decode(HELLO.list.bytes)));
    const missing = await docker.run(...inspect, `${host}/demo/hello:missing`);
    expect([missing.code, missing.err.trim()]).toEqual([1, `no such manifest: ${host}/demo/hello:missing`]);
  });

  test("finds names on both versions of the API", async () => {
    const found = await docker.succeed("search", "--format", "{{.Name}}", `${host}/demo`);
    expect(found.split("\n")).toEqual(["demo/both", "demo/hello", "demo/legacy", "demo/tree"]);
  });

  test("logs in, and pulls; without that it is refused", async () => {
    for (const [name, text] of buildDemo(demo.origin).redirectFiles) work.write(`data/${name}`, text);
    const password = "correct horse: battery";
    const hash = await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });
    const htpasswd = work.write("htpasswd", `somebody:${hash}\n`);
    const closed = await serveDirectory(join(work.path, "data"), { args: ["--auth-htpasswd", htpasswd] });
    afterwards(closed.stop);
    const registry = `127.0.0.1:${closed.port}`;
    const login = (as: string) => docker.run("login", "--username", "somebody", "--password", as, registry);
    const refused = await docker.run("pull", `${registry}/demo/hello`);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("no basic auth credentials")]);
    const wrong = await login("wrong");
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("401 Unauthorized")]);
    expect((await login(password)).out).toContain("Login Succeeded");
    expect(await docker.pull(`${registry}/demo/hello`)).toBe(configOf(imageFor(HERE, HELLO.index.bytes)));
  });
});
