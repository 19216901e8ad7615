import { afterAll, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../../lib/core/media-types.ts";
import { blobsOf, contentAt, HELLO } from "../../clients/demo-content.ts";
import { runCraned, scratch } from "../../harness/craned.ts";
import { succeed } from "../../harness/programs.ts";
import { sha256 } from "../../harness/redirect-files.ts";
import { type Descriptor, filesBelow, forPlatform, type Layout, layoutAt, siteAt } from "../layouts.ts";

const work = scratch();
afterAll(work.remove);

const { fresh } = work;
const newLayout = (): Layout => layoutAt(fresh("layout"));
const newSite = () => siteAt(fresh("site"));

const partsOf = (layout: Layout, image: Descriptor): readonly Descriptor[] => {
  const { config, layers } = JSON.parse(readFileSync(layout.fileOf(image), "utf8"));
  return [config, ...layers];
};

/** What an image's files in the tree have to be. */
const treeOf = (layout: Layout, kind: string, image: Descriptor, ...tags: readonly string[]) =>
  Object.fromEntries([
    ...[image.digest, ...tags].map((name) => [`manifests/${kind}/${name}`, image.digest]),
    ...partsOf(layout, image).map(({ digest }) => [`blobs/${digest}`, digest]),
  ]);

const sortedKeys = (tree: object) => Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));

test("every kind of manifest gets its place by digest and by tag, and nothing else is there", async () => {
  const layout = newLayout();
  const [docker, arm, oci] = [layout.image("2", "one"), layout.image("2", "two"), layout.image("oci", "three")];
  const list = layout.list("list", [forPlatform(arm, "arm64"), forPlatform(docker, "amd64")]);
  const index = layout.list("index", [forPlatform(oci, "amd64")]);
  layout.finish([
    ["1.0", docker],
    ["latest", list],
    ["1.0-oci", oci],
    ["oci", index],
    ["latest", index],
  ]);
  const site = newSite();
  await site.published(layout.path);
  expect(site.tree()).toEqual(
    sortedKeys({
      ...treeOf(layout, "2", docker, "1.0"),
      ...treeOf(layout, "2", arm),
      ...treeOf(layout, "oci", oci, "1.0-oci"),
      [`manifests/list/${list.digest}`]: list.digest,
      "manifests/list/latest": list.digest,
      [`manifests/index/${index.digest}`]: index.digest,
      "manifests/index/latest": index.digest,
      "manifests/index/oci": index.digest,
      "tags/list": sha256('{"name":"team/app","tags":["1.0","1.0-oci","latest","oci"]}\n'),
    }),
  );
  expect(site.redirectFile()).toEqual({
    type: "pulp-docker-redirect",
    version: 5,
    repository: "team-app",
    "repo-registry-id": "team/app",
    url: "https://cdn.example/files/team-app/",
    protected: false,
    schema1_data: [],
    schema2_data: ["1.0", ...[docker.digest, arm.digest].sort()],
    manifest_list_data: ["latest", list.digest],
    manifest_list_amd64_tags: { latest: [docker.digest, 2] },
    oci_manifest_data: ["1.0-oci", oci.digest],
    oci_index_data: ["latest", "oci", index.digest],
    referrers: {},
  });
});

test("an OCI manifest is no stand-in for a list; a docker one inside an index is", async () => {
  const layout = newLayout();
  const [docker, oci] = [layout.image("2", "one"), layout.image("oci", "one")];
  layout.finish([
    ["oci", layout.list("index", [forPlatform(oci, "amd64")])],
    ["mixed", layout.list("index", [forPlatform(oci, "amd64"), forPlatform(docker, "amd64")])],
    ["arm", layout.list("list", [forPlatform(docker, "arm64")])],
  ]);
  const site = newSite();
  await site.published(layout.path);
  expect(site.redirectFile()["manifest_list_amd64_tags"]).toEqual({ mixed: [docker.digest, 2] });
});

test("a tag of a list and an index has the list's image as stand-in, whichever comes first", async () => {
  const layout = newLayout();
  const [inList, inIndex] = [layout.image("2", "in the list"), layout.image("2", "in the index")];
  const list = layout.list("list", [forPlatform(inList, "amd64")]);
  const index = layout.list("index", [forPlatform(inIndex, "amd64")]);
  for (const order of [
    [list, index],
    [index, list],
  ]) {
    layout.finish(order.map((root) => ["both", root]));
    const site = newSite();
    await site.published(layout.path);
    expect(site.redirectFile()["manifest_list_amd64_tags"]).toEqual({ both: [inList.digest, 2] });
  }
});

test("indexes in indexes are published with all that they lead to", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "deep");
  const inner = layout.list("index", [forPlatform(image, "amd64")]);
  const outer = layout.list("index", [inner]);
  layout.finish([["nested", outer]]);
  const site = newSite();
  await site.published(layout.path);
  expect(site.redirectFile()).toMatchObject({
    oci_manifest_data: [image.digest],
    oci_index_data: ["nested", ...[inner.digest, outer.digest].sort()],
  });
});

test("what refers to an image is listed under it, with its type, its annotations and its own size", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "subject");
  const config = layout.blob("application/vnd.example.config", "{}");
  const note = layout.manifest("oci", {
    artifactType: "text/plain",
    config,
    layers: [layout.blob("text/plain", "a note")],
    subject: image,
    annotations: { by: "me" },
  });
  const sum = layout.manifest("oci", { config, layers: [], subject: image });
  const ofNote = layout.list("index", [], { subject: note });
  layout.finish([
    ["1.0", image],
    ["", note],
    ["", sum],
    ["", ofNote],
  ]);
  const site = newSite();
  const listed = [
    { ...note, artifactType: "text/plain", annotations: { by: "me" } },
    { ...sum, artifactType: "application/vnd.example.config" },
  ];
  const expected = {
    [image.digest]: listed.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    [note.digest]: [ofNote],
  };
  await site.published(layout.path);
  expect(site.redirectFile()["referrers"]).toEqual(expected);
  const chosen = newSite();
  await chosen.published(layout.path, "--tag", "1.0");
  expect(chosen.redirectFile()["referrers"]).toEqual(expected);
});

test.each([5, 6] as const)(
  "layers that clients may fetch elsewhere are published where they are: version %i",
  async (version) => {
    const layout = newLayout();
    const foreign = {
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: sha256("elsewhere"),
      size: 9,
      urls: ["https://example.com/layer"],
    };
    layout.finish([["windows", layout.image("2", "own", { layers: [foreign] })]]);
    const site = siteAt(fresh("site"), version);
    const { err } = await site.published(layout.path);
    const checked = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect([checked.code, checked.out]).toEqual([0, expect.stringContaining("as they have to be")]);
    expect(err).toContain(`does not have the layer ${foreign.digest}: clients fetch it from https://example.com/layer`);
    expect(Object.values(site.tree())).not.toContain(foreign.digest);
    layout.blob(foreign.mediaType, "elsewhere");
    const again = await site.published(layout.path);
    expect(again.err).not.toContain("does not have");
    expect(Object.values(site.tree())).toContain(foreign.digest);
  },
);

test("the same layout makes the same bytes, in whatever order its images are and however it lies there", async () => {
  const layout = newLayout();
  const images = ["10", "9", "v1", "__proto__", "constructor"].map((tag) => [tag, layout.image("oci", tag)] as const);
  layout.finish(images);
  const [first, second, third] = [newSite(), newSite(), newSite()];
  await first.published(layout.path);
  layout.finish(images.toReversed());
  await second.published(layout.path, "--copy");
  const archive = fresh("archive.tar");
  await succeed(["tar", "-cf", archive, "-C", layout.path, "."]);
  await third.published(archive);
  for (const other of [second, third]) {
    expect(other.tree()).toEqual(first.tree());
    expect(filesBelow(other.metadata)).toEqual(filesBelow(first.metadata));
  }
  expect(readFileSync(join(first.metadata, "v2/team-app.json"), "utf8")).toContain(
    '"oci_manifest_data": [\n    "10",\n    "9",\n    "__proto__",\n    "constructor",\n    "sha256:',
  );
});

test.each(["gnu", "pax", "ustar", "v7"])("a tar archive of the form %s is read", async (form) => {
  const layout = newLayout();
  layout.finish([["1.0", layout.image("oci", "in a tar")]]);
  const archive = fresh("archive.tar");
  await succeed(["tar", `--format=${form}`, "-cf", archive, "-C", layout.path, "oci-layout", "index.json", "blobs"]);
  const site = newSite();
  await site.published(archive);
  expect(site.redirectFile()["oci_manifest_data"]).toHaveLength(2);
});

test("blobs are hard links to the layout's where all may read them, copies where not or when asked", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "linked");
  layout.finish([["1.0", image]]);
  const [config = image, layer = image] = partsOf(layout, image);
  chmodSync(layout.fileOf(layer), 0o600);
  const [linked, copied] = [newSite(), newSite()];
  await linked.published(layout.path);
  await copied.published(layout.path, "--copy");
  const inodeOf = (path: string) => statSync(path).ino;
  const at = (site: typeof linked, { digest }: Descriptor) => join(site.content, "team-app/blobs", digest);
  expect(inodeOf(at(linked, config))).toBe(inodeOf(layout.fileOf(config)));
  expect(inodeOf(at(linked, layer))).not.toBe(inodeOf(layout.fileOf(layer)));
  expect(statSync(at(linked, layer)).mode & 0o777).toBe(0o644);
  expect(inodeOf(at(copied, config))).not.toBe(inodeOf(layout.fileOf(config)));
});

test("nothing half made stays behind", async () => {
  const layout = newLayout();
  layout.finish([["1.0", layout.image("oci", "tidy")]]);
  const site = newSite();
  await site.published(layout.path);
  expect(readdirSync(join(site.content, "team-app/.craned")).sort()).toEqual(["lock", "state.json"]);
  expect(readdirSync(site.metadata)).toEqual(["v2"]);
  expect(readdirSync(join(site.metadata, "v2"))).toEqual(["team-app.json"]);
});

test("an image gets the tags that are asked for, found by its tag, its whole name or its digest", async () => {
  const layout = newLayout();
  const [one, two] = [layout.image("oci", "one"), layout.image("oci", "two")];
  layout.finish([
    ["host:5000/team/app:1.0", one],
    ["docker.io/other/app:1.0", two],
  ]);
  const site = newSite();
  const both = await site.publish(layout.path);
  expect([both.code, both.err]).toEqual([
    1,
    expect.stringContaining("has images of docker.io/other/app, host:5000/team/app: choose one with --source-name"),
  ]);
  const tags = ["--tag", "a=host:5000/team/app:1.0", "--tag", `b=${two.digest}`, "--tag", "c=docker.io/other/app:1.0"];
  await site.published(layout.path, ...tags);
  const tree = site.tree();
  const unknown = await site.publish(layout.path, "--tag", "2.0");
  expect(unknown.err).toContain("no image is called 2.0 (there are: host:5000/team/app:1.0, docker.io/other/app:1.0)");
  expect(["a", "b", "c"].map((tag) => tree[`manifests/oci/${tag}`])).toEqual([one.digest, two.digest, two.digest]);
});

test("the only image of a source takes any tag; without one it can't be published", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "nameless");
  layout.finish([["", image]]);
  const site = newSite();
  const refused = await site.publish(layout.path);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("no image has a tag: give one with --tag")]);
  await site.published(layout.path, "--tag", "1.0", "--tag", "latest");
  expect(site.tree()).toMatchObject({ "manifests/oci/1.0": image.digest, "manifests/oci/latest": image.digest });
});

test("signed manifests of schema 1 are known by the digest of what was signed", async () => {
  const layout = newLayout();
  const { bytes, digest } = HELLO.schema1;
  const schema1 = {
    mediaType: MEDIA_TYPE["1"],
    digest,
    size: bytes.length,
    platform: { os: "linux", architecture: "amd64" },
  };
  for (const hex of blobsOf(bytes)) layout.blob("a layer", contentAt(`v2/demo-tree/blobs/sha256:${hex}`));
  writeFileSync(layout.fileOf(schema1), bytes);
  layout.finish([
    ["old", schema1],
    ["list", layout.list("list", [schema1])],
  ]);
  const site = newSite();
  await site.published(layout.path, "--v1");
  expect(site.redirectFile()).toMatchObject({
    schema1_data: ["old", digest],
    manifest_list_amd64_tags: { list: [digest, 1] },
  });
  const tree = site.tree();
  expect([tree["manifests/1/old"], tree[`manifests/1/${digest}`]]).toEqual([sha256(bytes), sha256(bytes)]);
  const { history, fsLayers } = JSON.parse(new TextDecoder().decode(bytes));
  for (const [at, { v1Compatibility }] of history.entries()) {
    const { id } = JSON.parse(v1Compatibility);
    expect([tree[`${id}/json`], tree[`${id}/layer`]]).toEqual([sha256(v1Compatibility), fsLayers[at].blobSum]);
  }
  writeFileSync(layout.fileOf(schema1), new TextDecoder().decode(bytes).replace("amd64", "arm64"));
  expect((await newSite().publish(layout.path)).err).toContain(`digest mismatch: expected ${digest}, received`);
});
