import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Craned, type Scratch, scratch, serveDirectory } from "../harness/craned.ts";
import { freePort, type Nginx, startNginx } from "../harness/nginx.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { blobsOf, expectedDirectory, HELLO, hashedFiles, imageFor, sha256, v1Image } from "./demo-content.ts";
import { pullWithFailOver } from "./old-docker.ts";

setDefaultTimeout(60_000);

/** A static host has to say which manifests are of which kind: it is in their path. */
const TYPES = [
  ...Object.entries(MEDIA_TYPE).map(([kind, type]) => [`/manifests/${kind}/`, type]),
  ["/(ancestry|json)$", "application/json"],
]
  .map(([path, type]) => `location ~ ${path} { types {} default_type ${type}; }`)
  .join("\n");

function writeTree(work: Scratch, port: number): { readonly root: string; readonly redirectFiles: string } {
  const { objects, redirectFiles } = buildDemo(`http://127.0.0.1:${port}`);
  const root = join(work.path, "root");
  for (const [path, { bytes }] of objects) {
    const file = join(root, "static", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  for (const [name, text] of redirectFiles) work.write(join("redirect-files", name), text);
  return { root, redirectFiles: join(work.path, "redirect-files") };
}

describeWith(["nginx", "skopeo", "podman"], "a tree on nginx, with redirect files in front", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let nginx: Nginx;
  let craned: Craned;
  let name: string;
  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    const port = freePort();
    const { root, redirectFiles } = writeTree(work, port);
    nginx = await startNginx(port, root, TYPES);
    afterwards(nginx.stop);
    craned = await serveDirectory(redirectFiles);
    afterwards(craned.stop);
    name = `127.0.0.1:${craned.port}/demo`;
  });

  test.each(Object.values(HELLO))("gives skopeo $tag, of kind $kind, by tag and by digest", async (published) => {
    const copy = ["skopeo", "copy", "--all", "--src-tls-verify=false"];
    const expected = expectedDirectory(published.bytes);
    for (const reference of [`:${published.tag}`, `@${published.digest}`]) {
      const target = join(work.path, `${published.tag}-by-${reference[0] === ":" ? "tag" : "digest"}`);
      await succeed([...copy, `docker://${name}/hello${reference}`, `dir:${target}`]);
      expect(hashedFiles(target)).toEqual(expected);
    }
  });

  test.each([
    ["tag", ":latest"],
    ["digest", `@${HELLO.index.digest}`],
  ])("gives podman an image by %s, whose program runs", async (_, reference) => {
    const podman = freshPodman();
    afterwards(podman.remove);
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const image = `${name}/hello${reference}`;
    expect(await podman.pull(image)).toBe(blobsOf(imageFor(architecture, HELLO.index.bytes))[0] ?? "none");
    const root = await podman.mount(image);
    expect(readFileSync(join(root, "etc/os-release"), "utf8")).toContain("craned demo");
    expect(await succeed([join(root, "hello")])).toContain(`demo/hello for linux/${architecture}.`);
  });

  test("gives an old docker the tag that only v1 has", async () => {
    const { ancestry, images } = await pullWithFailOver(`${name}/both`, "1-ubuntu");
    const expected = ancestry.map((id) => v1Image("demo/both", id));
    expect(images.map(({ json }) => json)).toEqual(expected.map(({ json }) => json));
    expect(images.map(({ layer }) => sha256(layer))).toEqual(expected.map(({ layer }) => sha256(layer)));
  });

  test("is asked for what there is, and not for what is unknown", async () => {
    const inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false"];
    const found = await run([...inspect, `docker://${name}/tree:1.0`]);
    const missing = await run([...inspect, `docker://${name}/tree:missing`]);
    expect([found.code, missing.code]).toEqual([0, 1]);
    expect(missing.err).toContain("manifest unknown: manifest unknown");
    expect(nginx.requests()).toContain("/static/v2/demo-tree/manifests/2/1.0");
    expect(nginx.requests().filter((path) => path.includes("missing"))).toEqual([]);
  });
});
