/** Image layouts that are served as they are: `craned serve app.tar`. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Craned, runCraned, scratch, startCraned } from "../harness/craned.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";
import { sha256 } from "../harness/redirect-files.ts";
import { configOf, type Descriptor, forPlatform, type Layout, layoutAt, siteAt } from "../publish/layouts.ts";

setDefaultTimeout(30_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const { fresh } = work;
const newLayout = (): Layout => layoutAt(fresh("layout"));

async function tarOf(directory: string, archive = `${directory}.tar`): Promise<string> {
  mkdirSync(dirname(archive), { recursive: true });
  await succeed(["tar", "-cf", archive, "-C", directory, "."]);
  return archive;
}

async function serve(...args: readonly string[]): Promise<Craned> {
  const craned = await startCraned([
    "serve",
    ...args,
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--management-listen",
    "off",
  ]);
  afterwards(craned.stop);
  return craned;
}

const ANY = { accept: "*/*" };
const get = ({ origin }: Craned, path: string, headers: Record<string, string> = {}) =>
  fetch(`${origin}/v2/${path}`, { headers: { ...ANY, ...headers }, redirect: "manual" });
const catalogOf = async (craned: Craned): Promise<unknown> =>
  Object(await (await get(craned, "_catalog")).json()).repositories;
const digestOf = async (craned: Craned, path: string) => (await get(craned, path)).headers.get("docker-content-digest");

/** What docker save has written since Docker 25: layers that are not compressed, and names in annotations. */
function savedByDocker(layout: Layout) {
  const layers = ["the lower layer", "the upper layer ".repeat(20_000)];
  const config = layout.blob("application/vnd.oci.image.config.v1+json", configOf(layers, "amd64"));
  const blobs = layers.map((text) => layout.blob("application/vnd.oci.image.layer.v1.tar", text));
  const image = layout.manifest("oci", { config, layers: blobs });
  const annotations = {
    "io.containerd.image.name": "docker.io/library/app:1.0",
    "org.opencontainers.image.ref.name": "1.0",
  };
  layout.finish([]);
  // Kubernetes' containerd names each image by its digest too.
  const again = { ...image, annotations: { "org.opencontainers.image.ref.name": image.digest } };
  writeFileSync(
    join(layout.path, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...image, annotations }, again] }),
  );
  writeFileSync(join(layout.path, "manifest.json"), "[]");
  return { image, config, layers: blobs, texts: layers };
}

describe.each(["archive", "directory"])("of one image in an %s", (form) => {
  const layout = newLayout();
  const { image, config, layers, texts } = savedByDocker(layout);
  const starting = (async () => await serve(form === "archive" ? await tarOf(layout.path) : layout.path))();
  const [lower, upper] = layers;
  const blob = async ({ digest }: Descriptor, headers = {}) =>
    get(await starting, `library/app/blobs/${digest}`, headers);

  test("its name and tag are those that docker gave it", async () => {
    const craned = await starting;
    expect(await catalogOf(craned)).toEqual(["library/app"]);
    expect(await (await get(craned, "app/tags/list")).json()).toEqual({ name: "app", tags: ["1.0"] });
  });

  test("its manifest and its blobs are as they lie there", async () => {
    const manifest = await get(await starting, "app/manifests/1.0");
    expect([manifest.headers.get("docker-content-digest"), sha256(await manifest.bytes())]).toEqual([
      image.digest,
      image.digest,
    ]);
    for (const each of [config, ...layers]) {
      const answer = await blob(each);
      expect(answer.headers.get("docker-content-digest")).toBe(each.digest);
      expect(sha256(await answer.bytes())).toBe(each.digest);
    }
    expect((await get(await starting, `app/blobs/${sha256("other")}`)).status).toBe(404);
  });

  test("a part of a blob is that of the blob", async () => {
    if (upper === undefined || lower === undefined) throw new Error("no layers");
    const text = texts[1] ?? "";
    for (const [range, expected] of [
      ["bytes=0-9", text.slice(0, 10)],
      ["bytes=100000-299999", text.slice(100_000, 300_000)],
      [`bytes=${text.length - 5}-`, text.slice(-5)],
      [`bytes=0-${text.length}`, text],
      ["bytes=-70000", text.slice(-70_000)],
    ] as const) {
      const answer = await blob(upper, { range });
      expect([answer.status, answer.headers.get("content-length")]).toEqual([206, String(expected.length)]);
      expect(sha256(await answer.bytes())).toBe(sha256(expected));
    }
    const two = await (await blob(upper, { range: "bytes=4-8,200000-200004" })).text();
    expect(two).toContain(`\r\n\r\n${text.slice(4, 9)}\r\n`);
    expect(two).toContain(`\r\n\r\n${text.slice(200_000, 200_005)}\r\n`);
    expect((await blob(lower, { range: "bytes=15-" })).status).toBe(416);
    const head = await fetch(`${(await starting).origin}/v2/app/blobs/${upper.digest}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(text.length));
  });
});

describe("names", () => {
  const layout = newLayout();
  const image = layout.image("oci", "named");
  layout.finish([["1.0", image]]);

  test("are given by --name where the layout has none", async () => {
    const craned = await serve(layout.path, "--name", "team/app");
    expect(await digestOf(craned, "team/app/manifests/1.0")).toBe(image.digest);
  });

  test("and tags are, for the only image", async () => {
    const nameless = newLayout();
    nameless.finish([["", image]]);
    cpSync(join(layout.path, "blobs"), join(nameless.path, "blobs"), { recursive: true });
    expect(await digestOf(await serve(nameless.path, "--name", "team/app:2.0"), "team/app/manifests/2.0")).toBe(
      image.digest,
    );
    expect(await digestOf(await serve(nameless.path, "--name", "app"), "app/manifests/latest")).toBe(image.digest);
  });

  test("are the paths of layouts in a directory, and those in their annotations", async () => {
    const directory = fresh("layouts");
    await tarOf(layout.path, join(directory, "team/db.tar"));
    cpSync(layout.path, join(directory, "team/app"), { recursive: true });
    const other = newLayout();
    const two = other.image("2", "two");
    other.finish([
      ["localhost:5000/other/app:2.0", two],
      ["registry.example/team/app:2.0", two],
    ]);
    await tarOf(other.path, join(directory, "other.tar"));
    const craned = await serve(directory);
    expect(await catalogOf(craned)).toEqual(["other/app", "team/app", "team/db"]);
    expect(await (await get(craned, "team/app/tags/list")).json()).toEqual({ name: "team/app", tags: ["1.0", "2.0"] });
    expect(await digestOf(craned, "team/db/manifests/1.0")).toBe(image.digest);
  });

  test("that are missing or wrong are said", async () => {
    const craned = await serve(layout.path);
    expect(await craned.logged((line) => line.includes("give one with --name"))).toContain(
      `${layout.path}: expected image layouts that can be read, received 1.0 has no name`,
    );
    const { code, err } = await runCraned(["serve", layout.path, "--name", "Team"]);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("Expected a repository name, such as team/app or team/app:1.0."),
    ]);
  });
});

test("an index is served with those of its images that are there, and what refers to an image is listed", async () => {
  const layout = newLayout();
  const [here, gone] = [layout.image("oci", "here"), forPlatform(layout.image("oci", "gone"), "arm64")];
  const index = layout.list("index", [forPlatform(here, "amd64"), gone]);
  const note = layout.manifest("oci", {
    config: layout.blob("text/plain", "{}"),
    layers: [],
    subject: here,
    artifactType: "text/x",
  });
  layout.finish([
    ["team/app:1.0", index],
    ["", note],
  ]);
  rmSync(layout.fileOf(gone));
  const craned = await serve(layout.path);
  expect(await digestOf(craned, "team/app/manifests/1.0")).toBe(index.digest);
  expect((await get(craned, `team/app/manifests/${gone.digest}`)).status).toBe(404);
  expect(await (await get(craned, `team/app/referrers/${here.digest}`)).json()).toMatchObject({
    manifests: [{ digest: note.digest }],
  });
  expect(craned.log().join("\n")).toContain(`published without the image for linux/arm64`);
});

describe("changes", () => {
  const versionOf = (text: string, tag: string) => {
    const layout = newLayout();
    const image = layout.image("oci", text);
    layout.finish([[`team/app:${tag}`, image]]);
    return { layout, image };
  };
  const reloaded = (craned: Craned, times = 1) =>
    craned.logged(() => craned.log().filter((line) => line.includes("redirect files changed")).length >= times);

  test("of an archive are served, whether it is replaced or written again", async () => {
    const [one, two, three] = [versionOf("one", "1"), versionOf("two", "2"), versionOf("three", "3")];
    const archive = await tarOf(one.layout.path, join(fresh("archives"), "app.tar"));
    const craned = await serve(archive);
    const next = await tarOf(two.layout.path);
    renameSync(next, archive);
    await reloaded(craned);
    expect(await digestOf(craned, "team/app/manifests/2")).toBe(two.image.digest);
    expect((await get(craned, "team/app/manifests/1")).status).toBe(404);
    writeFileSync(archive, readFileSync(await tarOf(three.layout.path)));
    await reloaded(craned, 2);
    expect(await digestOf(craned, "team/app/manifests/3")).toBe(three.image.digest);
  });

  test("that break an archive leave what was good, and blobs that are gone are no lies", async () => {
    const { layout, image } = versionOf("good ".repeat(5000), "1");
    const archive = await tarOf(layout.path, join(fresh("archives"), "app.tar"));
    const craned = await serve(archive);
    writeFileSync(archive, Buffer.alloc(statSync(archive).size, "x"));
    await craned.logged((line) => line.includes("image layouts that can be read"));
    expect(await digestOf(craned, "team/app/manifests/1")).toBe(image.digest);
    const [layer]: Descriptor[] = JSON.parse(readFileSync(layout.fileOf(image), "utf8")).layers;
    expect((await get(craned, `team/app/blobs/${layer?.digest}`)).status).toBe(500);
  });

  test("that mend an archive are told of once, when it is served again", async () => {
    const [one, two] = [versionOf("mended", "1"), versionOf("mended", "2")];
    const archive = await tarOf(one.layout.path, join(fresh("archives"), "app.tar"));
    const good = readFileSync(await tarOf(two.layout.path));
    const craned = await serve(archive);
    for (const [bytes, received] of [
      [Buffer.alloc(good.length, "x"), "image layouts that can be read"],
      [gzipSync(good), "without compression"],
    ] as const) {
      writeFileSync(archive, bytes);
      const line = await craned.logged((each) => each.includes(received));
      expect(line.split(archive)).toHaveLength(2);
    }
    writeFileSync(`${archive}.next`, good);
    renameSync(`${archive}.next`, archive);
    const isEnd = (line: string) => line.includes("can be read again");
    await craned.logged(isEnd);
    expect(craned.log().filter(isEnd)).toHaveLength(1);
    expect(craned.log().findIndex(isEnd)).toBe(craned.log().length - 1);
    expect(await digestOf(craned, "team/app/manifests/2")).toBe(two.image.digest);
  });

  test("of a layout and of a directory are served", async () => {
    const [one, two] = [versionOf("one", "1"), versionOf("two", "2")];
    const directory = fresh("layouts");
    cpSync(one.layout.path, join(directory, "one"), { recursive: true });
    const craned = await serve(directory);
    const added = layoutAt(join(directory, "one"));
    const image = added.image("oci", "again");
    added.finish([["team/app:1", image]]);
    await reloaded(craned);
    expect(await digestOf(craned, "team/app/manifests/1")).toBe(image.digest);
    await tarOf(two.layout.path, join(directory, "two.tar"));
    craned.signal("SIGHUP");
    await reloaded(craned, 2);
    expect(await digestOf(craned, "team/app/manifests/2")).toBe(two.image.digest);
    rmSync(join(directory, "two.tar"));
    await reloaded(craned, 3);
    expect((await get(craned, "team/app/manifests/2")).status).toBe(404);
  });
});

test("nothing outside of a layout is served", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "stolen");
  layout.finish([["team/app:1.0", image]]);
  const [layer]: Descriptor[] = JSON.parse(readFileSync(layout.fileOf(image), "utf8")).layers;
  if (layer === undefined) throw new Error("no layer");
  const craned = await serve(layout.path);
  const secret = fresh("secret");
  writeFileSync(secret, readFileSync(layout.fileOf(layer)));
  rmSync(layout.fileOf(layer));
  symlinkSync(secret, layout.fileOf(layer));
  expect((await get(craned, `team/app/blobs/${layer.digest}`)).status).toBe(404);
});

test.each([
  ["that is not there", () => fresh("nothing"), "no such file or directory"],
  [
    "that is compressed",
    () => {
      writeFileSync(join(work.path, "app.tar.gz"), gzipSync("x"));
      return join(work.path, "app.tar.gz");
    },
    "received gzip",
  ],
  ["that is no layout", () => work.write("text.tar", "x".repeat(1000)), "expected a tar header"],
  ["that is empty", () => dirname(work.write("empty/.hidden", "")), "no image layout"],
])("a path %s is a fault, and is looked at again", async (_, pathOf, message) => {
  const path = pathOf();
  const craned = await serve(path);
  expect(await craned.logged((line) => line.includes(message))).toContain(path);
});

describeWith(["skopeo"], "skopeo", () => {
  test("copies an image out of an archive that skopeo made", async () => {
    const layout = newLayout();
    const [one, two] = [layout.image("oci", "one"), layout.image("oci", "two")];
    layout.finish([["1.0", layout.list("index", [forPlatform(one, "amd64"), forPlatform(two, "arm64")])]]);
    const archive = `${fresh("skopeo")}.tar`;
    await succeed(["skopeo", "copy", "--all", `oci:${layout.path}:1.0`, `oci-archive:${archive}:team/app:1.0`]);
    const { port } = await serve(archive);
    const copy = fresh("copy");
    await succeed([
      "skopeo",
      "copy",
      "--all",
      "--src-tls-verify=false",
      `docker://127.0.0.1:${port}/team/app:1.0`,
      `oci:${copy}:1.0`,
    ]);
    const digests = (path: string) =>
      JSON.parse(readFileSync(join(path, "index.json"), "utf8")).manifests.map(({ digest }: Descriptor) => digest);
    expect(digests(copy)).toEqual(digests(layout.path));
  });
});

/**
 * An archive that a Docker Engine wrote (moby 2.0.0-beta.24, API 1.56): `docker pull` of the demo's image for several
 * platforms, of which it keeps its own only, and `docker build` of a file of one byte.
 */
describeWith(["skopeo", "podman"], "what docker save wrote", () => {
  const starting = (async () => await serve(join(import.meta.dir, "saved-by-docker.tar")))();
  const IMAGES = [
    ["demo/hello:latest", "031d7be6c67f1611c6ec4048b51b571ba7b3bdf7da8d986d9ae292d0490c61a9", 2],
    ["team/built:1", "85576ceb9eb2d163b477f2927499e85c5c9dd8f780f7b7c846fe37317fb4c65d", 1],
  ] as const;

  test.each(IMAGES)("has %s, for skopeo", async (image, config, layers) => {
    const target = fresh("copied");
    const skopeo = ["skopeo", "--override-os", "linux", "--override-arch", "amd64", "copy", "-q"];
    const source = `docker://127.0.0.1:${(await starting).port}/${image}`;
    await succeed([...skopeo, "--src-tls-verify=false", source, `dir:${target}`]);
    const manifest = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8"));
    expect([manifest.config.digest, manifest.layers.length]).toEqual([`sha256:${config}`, layers]);
  });

  test.each(IMAGES)("has %s, for podman", async (image, config) => {
    const podman = freshPodman();
    afterwards(podman.remove);
    expect(await podman.pull(`127.0.0.1:${(await starting).port}/${image}`, "--arch", "amd64")).toBe(config);
  });

  test("is published, one image of it", async () => {
    const site = siteAt(fresh("site"), 6);
    await site.published(join(import.meta.dir, "saved-by-docker.tar"), "--tag", "latest");
    expect(Object.keys(site.tags())).toEqual(["latest"]);
  });
});
