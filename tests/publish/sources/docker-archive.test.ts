import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { scratch } from "../../harness/craned.ts";
import { succeed } from "../../harness/programs.ts";
import { SCHEMA_2, sha256 } from "../../harness/redirect-files.ts";
import { configOf, type Descriptor, layoutAt, siteAt } from "../layouts.ts";

const work = scratch();
afterAll(work.remove);

const { fresh } = work;
const newSite = () => siteAt(fresh("site"));
type Site = ReturnType<typeof newSite>;

/** Packs files and links (`-> target`) as docker does. */
async function archiveOf(files: Readonly<Record<string, Uint8Array | string>>, form = "gnu"): Promise<string> {
  const directory = fresh("files");
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), path);
    else writeFileSync(path, content);
  }
  const archive = `${directory}.tar`;
  await succeed(["tar", `--format=${form}`, "-cf", archive, "-C", directory, "."]);
  return archive;
}

const LAYERS = ["the lower layer", "the upper layer ".repeat(5000)];
const CONFIG = configOf(LAYERS, "amd64");
const CONFIG_NAME = `${sha256(CONFIG).slice(7)}.json`;

const listOf = (
  ...images: readonly { readonly tags: readonly string[] | null; readonly layers: readonly string[] }[]
) => JSON.stringify(images.map(({ tags, layers }) => ({ Config: CONFIG_NAME, RepoTags: tags, Layers: layers })));

/** What `docker save` wrote before Docker 25. */
const OLD_FORM = {
  "manifest.json": listOf({ tags: ["app:1.0", "host:5000/app:latest"], layers: ["a/layer.tar", "b/layer.tar"] }),
  [CONFIG_NAME]: CONFIG,
  "a/layer.tar": LAYERS[0] ?? "",
  "b/layer.tar": LAYERS[1] ?? "",
  "b/VERSION": "1.0",
  repositories: "{}",
};

function publishedImage(site: Site, tag: string) {
  const at = (path: string) => readFileSync(join(site.content, "team-app", path));
  const manifest = JSON.parse(at(`manifests/2/${tag}`).toString());
  const layers = manifest.layers.map(({ digest }: Descriptor) => at(`blobs/${digest}`));
  return { manifest, layers, config: at(`blobs/${manifest.config.digest}`) };
}

function expectTheImage(site: Site, tag: string): void {
  const { manifest, layers, config } = publishedImage(site, tag);
  expect(config.toString()).toBe(CONFIG);
  expect(layers.map((layer: Buffer) => gunzipSync(layer).toString())).toEqual(LAYERS);
  expect(manifest).toEqual({
    schemaVersion: 2,
    mediaType: SCHEMA_2,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: CONFIG.length,
      digest: sha256(CONFIG),
    },
    layers: layers.map((layer: Buffer) => ({
      mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      size: layer.length,
      digest: sha256(layer),
    })),
  });
}

test("an archive of docker save becomes schema 2, with gzip that names no time, file or system", async () => {
  const site = newSite();
  await site.published(await archiveOf(OLD_FORM));
  expectTheImage(site, "1.0");
  expectTheImage(site, "latest");
  for (const layer of publishedImage(site, "1.0").layers) {
    expect([...layer.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  }
});

test.each(["gnu", "pax"])(
  "links and names of more than a hundred characters are followed, in the form %s",
  async (form) => {
    const long = `${"long".repeat(30)}/layer.tar`;
    const site = newSite();
    const archive = await archiveOf(
      {
        ...OLD_FORM,
        "manifest.json": listOf({ tags: ["app:1.0"], layers: [long, "c/layer.tar"] }),
        [long]: LAYERS[0] ?? "",
        "c/layer.tar": "-> ../b/layer.tar",
      },
      form,
    );
    await site.published(archive);
    expectTheImage(site, "1.0");
  },
);

test("layers that a tool compressed already are published as they are", async () => {
  const site = newSite();
  const compressed = LAYERS.map((layer) => gzipSync(layer, { level: 1 }));
  const files = { "a/layer.tar": compressed[0] ?? "", "b/layer.tar": compressed[1] ?? "" };
  await site.published(await archiveOf({ ...OLD_FORM, ...files }));
  expectTheImage(site, "1.0");
  expect(publishedImage(site, "1.0").layers).toEqual(compressed);
});

test("an image without names needs a tag, and an unpacked archive will do", async () => {
  const site = newSite();
  const archive = await archiveOf({
    ...OLD_FORM,
    "manifest.json": listOf({ tags: null, layers: ["a/layer.tar", "b/layer.tar"] }),
  });
  expect((await site.publish(archive)).err).toContain("no image has a tag");
  await site.published(archive.replace(/\.tar$/, ""), "--tag", "1.0");
  expectTheImage(site, "1.0");
});

test("the same archive makes the same bytes, and a layer is compressed once", async () => {
  const archive = await archiveOf(OLD_FORM);
  const [first, second] = [newSite(), newSite()];
  await first.published(archive);
  await second.published(archive);
  expect(second.tree()).toEqual(first.tree());
  const told = await first.published(archive, "--json");
  const read = told.out.split("\n").filter((line) => line.includes('"event":"read"'));
  expect(read).toEqual(['{"event":"read","bytes":0}']);
});

test("a layer that is gone from the tree is compressed again", async () => {
  const archive = await archiveOf(OLD_FORM);
  const site = newSite();
  await site.published(archive);
  const before = site.tree();
  const { manifest } = publishedImage(site, "1.0");
  await succeed(["rm", join(site.content, "team-app/blobs", manifest.layers[1].digest)]);
  await site.published(archive);
  expect(site.tree()).toEqual(before);
});

test("what another compressor made of a layer is forgotten with the blob", async () => {
  const archive = await archiveOf(OLD_FORM);
  const site = newSite();
  await site.published(archive);
  const before = site.tree();
  const statePath = join(site.content, "team-app/.craned/state.json");
  const state = JSON.parse(readFileSync(statePath, "utf8"));
  state.compressed[sha256(LAYERS[0] ?? "")] = { digest: sha256("of another compressor"), size: 21 };
  writeFileSync(statePath, JSON.stringify(state));
  await site.published(archive);
  expect(site.tree()).toEqual(before);
});

test("a dry run compresses only to know the digests, and writes nothing", async () => {
  const site = newSite();
  const ran = await site.published(await archiveOf(OLD_FORM), "--dry-run");
  expect(ran.err).toContain("tag 1.0  new, sha256:");
  expect(() => site.tree()).toThrow("ENOENT");
});

test("the form of today, a layout with a manifest.json beside, is published as the layout that it is", async () => {
  const layout = layoutAt(fresh("layout"));
  const image = layout.image("oci", "of today");
  layout.finish([["docker.io/library/app:1.0", image]]);
  writeFileSync(join(layout.path, "manifest.json"), OLD_FORM["manifest.json"]);
  const archive = fresh("today.tar");
  await succeed(["tar", "-cf", archive, "-C", layout.path, "."]);
  const site = newSite();
  await site.published(archive);
  expect(site.redirectFile()["oci_manifest_data"]).toEqual(["1.0", image.digest]);
});

describe("a broken archive is refused:", () => {
  const other = "another layer";
  test.each<[string, Readonly<Record<string, Uint8Array | string>>, string]>([
    [
      "no layer",
      { "manifest.json": listOf({ tags: ["a:1"], layers: ["a/layer.tar", "c/layer.tar"] }) },
      ": c/layer.tar: expected a file, received nothing",
    ],
    [
      "another layer",
      { "b/layer.tar": other },
      `b/layer.tar: digest mismatch: expected ${sha256(LAYERS[1] ?? "")}, received ${sha256(other)}`,
    ],
    [
      "another compressed layer",
      { "b/layer.tar": gzipSync(other) },
      `b/layer.tar, uncompressed: digest mismatch: expected ${sha256(LAYERS[1] ?? "")}, received ${sha256(other)}`,
    ],
    [
      "another configuration",
      { [CONFIG_NAME]: "{}" },
      `${CONFIG_NAME}: digest mismatch: expected ${sha256(CONFIG)}, received ${sha256("{}")}`,
    ],
    [
      "a layer too few",
      { "manifest.json": listOf({ tags: ["a:1"], layers: ["a/layer.tar"] }) },
      "rootfs.diff_ids: expected 1 layers, as in manifest.json, received 2",
    ],
    [
      "a list that is no list",
      { "manifest.json": "{}" },
      "manifest.json: expected an array of images, received an object",
    ],
    [
      "no configuration named",
      { "manifest.json": '[{"Layers":[]}]' },
      "manifest.json: [0].Config: expected a path, received nothing",
    ],
  ])("%s", async (_, files, message) => {
    const site = newSite();
    const { code, err } = await site.publish(await archiveOf({ ...OLD_FORM, ...files }));
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    expect(Object.keys(site.tree())).toEqual([]);
  });
});
