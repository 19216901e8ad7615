/** Trees as Pulp 2 publishes them, whose links lead out of the content directory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Craned, runCraned, scratch, startCraned } from "../harness/craned.ts";
import { SCHEMA_2, sha256, v4 } from "../harness/redirect-files.ts";

const data = scratch();
const at = (path: string) => join(data.path, path);
const blob = Buffer.alloc(100_000, "a layer");
const digest = sha256(blob);

function write(path: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), bytes);
  return at(path);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
}

const redirectFileOf = (repository: string) => v4(repository, { schema2_data: ["latest"] });

/** Publishes a repository: a link to a tree, whose files are links to where Pulp keeps what it has got. */
function publish(repository: string, units: string): void {
  const tree = `published/v2/master/${repository}/1480000000.5`;
  link(`published/v2/web/${repository}`, `../master/${repository}/1480000000.5`);
  link(`${tree}/blobs/${digest}`, write(`${units}/docker_blob/ab/cd`, blob));
  link(`${tree}/manifests/2/latest`, write(`${units}/docker_manifest/ef/01`, '{"schemaVersion":2}'));
  write(`${tree}/tags/list`, '{"tags":["latest"]}');
  data.write(`metadata/${repository}.json`, redirectFileOf(repository));
}

/** A configuration file. */
function configured({ linkRoots, v1 = at("published/v1/web") }: { linkRoots: readonly string[]; v1?: string }): string {
  const lines = [
    "[general]",
    `data_dir: ${at("metadata")}`,
    "[serve_content]",
    "enable: true",
    `content_dir_v1: ${v1}`,
    `content_dir_v2: ${at("published/v2/web")}`,
    `link_roots: ${linkRoots.map(at).join(", ")}`,
    "",
  ];
  return write("crane.conf", lines.join("\n"));
}

beforeAll(() => {
  mkdirSync(at("published/v1/web"), { recursive: true });
  publish("app", "content/units");
  publish("elsewhere", "disk2/pulp/units");
});
afterAll(data.remove);

describe("served with the trees and the first disk as link roots", () => {
  let craned: Craned;
  beforeAll(async () => {
    const config = configured({ linkRoots: ["published/v2", "content"] });
    craned = await startCraned(["-c", config, "--host", "127.0.0.1", "--port", "0"]);
  });
  afterAll(() => craned.stop());

  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(craned.origin + path, { redirect: "manual", headers });

  test("a repository whose files are there is served", async () => {
    const response = await ask(`/v2/app/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(Buffer.from(await response.arrayBuffer()).equals(blob)).toBe(true);
    const accept = SCHEMA_2;
    const manifest = await ask("/v2/app/manifests/latest", { accept });
    expect(manifest.status).toBe(200);
    expect(manifest.headers.get("content-type")).toBe(accept);
    expect(manifest.headers.get("cache-control")).toBe("no-cache, max-age=60");
  });

  test("many files at once are not taken for each other", async () => {
    const blobs = Array.from({ length: 200 }, (_, number) => Buffer.alloc(70_000 + number, `layer ${number}`));
    const paths = blobs.map((each) => {
      const path = `blobs/${sha256(each)}`;
      write(`published/v2/web/many/${path}`, each);
      return path;
    });
    data.write("metadata/many.json", redirectFileOf("many"));
    while ((await ask(`/v2/many/${paths[0]}`)).status !== 200) await Bun.sleep(20);
    const right = await Promise.all(
      paths.map(async (path, number) =>
        Buffer.from(await (await ask(`/v2/many/${path}`)).bytes()).equals(blobs[number] ?? blob),
      ),
    );
    expect(right).not.toContain(false);
  });

  test("a repository whose files are on another disk is not, and the log names the link", async () => {
    expect((await ask(`/v2/elsewhere/blobs/${digest}`)).status).toBe(404);
    const line = await craned.logged((each) => each.includes("outside"));
    expect(JSON.parse(line)).toMatchObject({
      level: "warn",
      path: `elsewhere/blobs/${digest}`,
      target: at("disk2/pulp/units/docker_blob/ab/cd"),
    });
  });
});

describe("craned check", () => {
  test("finds nothing wrong where every link ends in a root", async () => {
    const config = configured({ linkRoots: ["published/v2/master", "content", "disk2"] });
    const { code, out } = await runCraned(["check", "-c", config]);
    expect(out).toContain("nothing wrong");
    expect(code).toBe(0);
  });

  test("names a link that leads outside, and the link root that would allow all of its kind", async () => {
    const config = configured({ linkRoots: ["published/v2/master", "content"] });
    const { code, out } = await runCraned(["check", "-c", config]);
    expect(code).toBe(1);
    const [error, ...others] = out.split("\n").filter((line) => line.startsWith("error:"));
    expect(others).toEqual([]);
    expect(error).toContain("serve_content.link_roots");
    expect(error).toContain("elsewhere");
    expect(error).toContain(`add ${at("disk2/pulp/units")}/ to link_roots`);
  });

  test("names each tree that no root holds", async () => {
    const { code, out } = await runCraned(["check", "-c", configured({ linkRoots: [] })]);
    expect(code).toBe(1);
    expect(out).toContain(`add ${at("published/v2/master")}/ to link_roots`);
  });

  test.each([
    ["is missing", at("nowhere")],
    ["is configured empty", ""],
  ])("tells of a content directory that %s", async (_, v1) => {
    const config = configured({ linkRoots: ["published/v2/master", "content", "disk2"], v1 });
    const { code, out } = await runCraned(["check", "-c", config]);
    expect(code).toBe(1);
    expect(out).toContain("serve_content.content_dir_v1");
  });
});
