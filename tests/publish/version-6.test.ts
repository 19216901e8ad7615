/** What `publish` writes by default: a redirect file of version 6, and an OCI image layout for a host that may be dumb. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { runCraned, scratch } from "../harness/craned.ts";
import { describeWith, succeed } from "../harness/programs.ts";
import { sha256 } from "../harness/redirect-files.ts";
import { type Descriptor, filesBelow, forPlatform, type Layout, layoutAt, siteAt } from "./layouts.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);

const { fresh } = work;
const newLayout = (): Layout => layoutAt(fresh("layout"));
const newSite = () => siteAt(fresh("site"), 6);
type Site = ReturnType<typeof newSite>;

/** The redirect file, which has to be one that craned takes. */
function fileOf(site: Site) {
  const bytes = readFileSync(join(site.metadata, "v2/team-app.json"));
  const parsed = parseRedirectFile(bytes);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return JSON.parse(bytes.toString());
}

const bytesOf = (layout: Layout, each: Descriptor): Buffer => readFileSync(layout.fileOf(each));
const partsOf = (layout: Layout, image: Descriptor): readonly Descriptor[] => {
  const { config, layers } = JSON.parse(bytesOf(layout, image).toString());
  return [config, ...layers];
};
const carried = (layout: Layout, { mediaType, digest, size }: Descriptor) => ({
  ...{ mediaType, digest, size, data: bytesOf(layout, { mediaType, digest, size }).toString("base64") },
});
const pathOf = ({ digest }: { readonly digest: string }) => `blobs/${digest.replace(":", "/")}`;
const byDigest = (a: Descriptor, b: Descriptor) => (a.digest < b.digest ? -1 : 1);

/** A layout with an image for each of these texts, which are their tags too. */
function layoutOf(...tags: readonly string[]) {
  const layout = newLayout();
  const images = tags.map((tag) => layout.image("oci", tag));
  return { layout: layout.finish(images.map((image, at) => [tags[at] ?? "", image])), images };
}

test("every manifest, tag and configuration is in the file, and the tree is an OCI image layout", async () => {
  const layout = newLayout();
  const [docker, arm, oci] = [layout.image("2", "one"), layout.image("2", "two"), layout.image("oci", "three")];
  const list = layout.list("list", [forPlatform(arm, "arm64"), forPlatform(docker, "amd64")]);
  const index = layout.list("index", [forPlatform(oci, "amd64")]);
  const note = layout.image("oci", "note", { subject: oci, artifactType: "application/note" });
  layout.finish([
    ["1.0", docker],
    ["latest", list],
    ["latest", index],
    ["oci", oci],
    ["", note],
  ]);
  const site = newSite();
  await site.published(layout.path);
  const all = [docker, arm, oci, list, index, note];
  const parts = [docker, arm, oci, note].flatMap((image) => partsOf(layout, image));
  const configs = parts.filter(({ mediaType }) => mediaType.includes("config") || mediaType.includes("container"));
  expect(fileOf(site)).toEqual({
    type: "pulp-docker-redirect",
    version: 6,
    repository: "team-app",
    "repo-registry-id": "team/app",
    url: "https://cdn.example/files/team-app/",
    protected: false,
    tags: { "1.0": docker.digest, latest: [index.digest, list.digest, docker.digest], oci: oci.digest },
    manifests: all.toSorted(byDigest).map((each) => carried(layout, each)),
    configs: configs.toSorted(byDigest).map((each) => carried(layout, each)),
  });
  const blobs = [...all, ...parts].map((each) => [pathOf(each), each.digest] as const);
  const { "index.json": indexFile, ...tree } = site.tree();
  expect(tree).toEqual({
    ...Object.fromEntries(blobs),
    "oci-layout": sha256('{"imageLayoutVersion":"1.0.0"}\n'),
  });
  expect(indexFile).toBeDefined();
  const { manifests } = JSON.parse(readFileSync(join(site.content, "team-app/index.json"), "utf8"));
  const named = (each: Descriptor, name: string) => ({
    ...{ mediaType: each.mediaType, digest: each.digest, size: each.size },
    annotations: { "org.opencontainers.image.ref.name": name },
  });
  expect(manifests).toEqual([
    named(docker, "1.0"),
    named(index, "latest"),
    named(list, "latest"),
    named(oci, "oci"),
    { mediaType: note.mediaType, digest: note.digest, size: note.size },
  ]);
});

test("a configuration of more than 64 KiB stays on the host", async () => {
  const layout = newLayout();
  const blob = (bytes: number) => layout.blob("application/vnd.oci.image.config.v1+json", `"${"x".repeat(bytes - 2)}"`);
  const [small, large] = [blob(65_536), blob(65_537)];
  layout.finish([small, large].map((config, at) => [`${at}`, layout.manifest("oci", { config, layers: [] })]));
  const site = newSite();
  await site.published(layout.path);
  expect(fileOf(site).configs).toEqual([carried(layout, small)]);
  expect(site.tree()).toMatchObject({ [pathOf(small)]: small.digest, [pathOf(large)]: large.digest });
});

test("a manifest of more than 4 MiB stays on the host, which has to send it as what it is", async () => {
  const layout = newLayout();
  const [small, large] = [1, 4 * 1024 * 1024].map((length) =>
    layout.image("oci", `${length}`, { annotations: { "a.b": "x".repeat(length) } }),
  );
  if (small === undefined || large === undefined) throw new Error("two images");
  layout.finish([
    ["small", small],
    ["large", large],
  ]);
  const site = newSite();
  const { err } = await site.published(layout.path);
  expect(err).toContain(
    `warning: ${large.digest} is too large for the redirect file: the host has to send it as ${large.mediaType}`,
  );
  const { mediaType, digest, size } = large;
  expect(fileOf(site).manifests).toEqual([carried(layout, small), { mediaType, digest, size }].toSorted(byDigest));
  expect(site.tree()).toMatchObject({ [pathOf(large)]: large.digest });
  await site.published(layoutOf("other").layout.path, "--keep-tags", "--prune-after", "0s");
  expect(fileOf(site).tags).toMatchObject({ large: large.digest });
  const check = () => runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
  expect(await check()).toMatchObject({ code: 0 });
  rmSync(join(site.content, "team-app", pathOf(large)));
  expect((await check()).out).toContain("received nothing");
});

test("sha512 digests hold through publishing, keeping tags and checking", async () => {
  const layout = newLayout();
  const put = (mediaType: string, content: string): Descriptor => {
    const hex = new Bun.CryptoHasher("sha512").update(content).digest("hex");
    cpSync(layout.fileOf(layout.blob(mediaType, content)), join(layout.path, "blobs/sha512", hex));
    return { mediaType, digest: `sha512:${hex}`, size: content.length };
  };
  const oci = "application/vnd.oci.image";
  const image = put(
    `${oci}.manifest.v1+json`,
    JSON.stringify({ schemaVersion: 2, config: put(`${oci}.config.v1+json`, "{}"), layers: [put("a/layer", "layer")] }),
  );
  layout.finish([["long", image]]);
  for (const site of [newSite(), siteAt(fresh("site"))]) {
    await site.published(layout.path);
    await site.published(layoutOf("other").layout.path, "--keep-tags");
    const check = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect([check.code, check.out]).toEqual([0, expect.stringContaining("nothing wrong")]);
    const file = site.redirectFile() as { tags?: Record<string, string>; oci_manifest_data?: string[] };
    expect(file.tags?.["long"] ?? file.oci_manifest_data?.find((each) => each.startsWith("sha512"))).toBe(image.digest);
  }
});

test("the same layout makes the same bytes, in whatever order its images are", async () => {
  const layout = newLayout();
  const images = ["10", "9", "v1", "__proto__", "constructor"].map((tag) => [tag, layout.image("oci", tag)] as const);
  const [first, second] = [newSite(), newSite()];
  await first.published(layout.finish(images).path);
  await second.published(layout.finish(images.toReversed()).path, "--copy");
  expect(second.tree()).toEqual(first.tree());
  expect(filesBelow(second.metadata)).toEqual(filesBelow(first.metadata));
});

test("publishing again moves only what is new; a moved tag is one replaced file", async () => {
  const { layout, images } = layoutOf("1", "2");
  const site = newSite();
  await site.published(layout.path, "--copy");
  const inodes = () =>
    Object.fromEntries(
      Object.keys(site.tree()).map((path) => [path, statSync(join(site.content, "team-app", path)).ino] as const),
    );
  const before = inodes();
  const same = await site.published(layout.path, "--copy", "--json");
  expect([inodes(), same.out.match(/"outcome":"(copied|linked|written|new|moved)"/g)]).toEqual([before, null]);
  layout.finish([
    ["1", images[1] as Descriptor],
    ["2", images[1] as Descriptor],
  ]);
  const moved = await site.published(layout.path, "--copy");
  expect(moved.err).toContain(`tag 1  moved, ${images[1]?.digest}`);
  expect(moved.err).not.toContain("blob ");
  const { "index.json": _, ...after } = inodes();
  expect(before).toMatchObject(after);
  expect(fileOf(site).tags).toEqual({ "1": images[1]?.digest, "2": images[1]?.digest });
});

test("a tag that is kept keeps its manifests, configuration and what refers to it", async () => {
  const layout = newLayout();
  const [amd, arm] = [layout.image("2", "amd"), layout.image("2", "arm")];
  const list = layout.list("list", [forPlatform(amd, "amd64"), forPlatform(arm, "arm64")]);
  const note = layout.image("oci", "note", { subject: list });
  layout.finish([
    ["kept", list],
    ["", note],
  ]);
  const site = newSite();
  await site.published(layout.path);
  const before = fileOf(site);
  const { layout: other, images } = layoutOf("new");
  rmSync(layout.path, { recursive: true });
  await site.published(other.path, "--keep-tags");
  const after = fileOf(site);
  expect(after.tags).toEqual({ ...before.tags, new: images[0]?.digest });
  expect(after.manifests).toEqual(expect.arrayContaining(before.manifests));
  expect(after.configs).toEqual(expect.arrayContaining(before.configs));
  const dropped = await site.published(other.path);
  expect(dropped.err).toContain("tag kept  gone");
  expect(fileOf(site).tags).toEqual({ new: images[0]?.digest });
});

test("an untagged manifest stays to be pulled by digest only when asked", async () => {
  const layout = newLayout();
  const [old, young] = [layout.image("oci", "old"), layout.image("oci", "young")];
  const site = newSite();
  await site.published(layout.finish([["latest", old]]).path);
  await site.published(layout.finish([["latest", young]]).path, "--keep-untagged");
  expect(fileOf(site).manifests).toEqual([old, young].toSorted(byDigest).map((each) => carried(layout, each)));
  await site.published(layout.path);
  expect(fileOf(site).manifests).toEqual([carried(layout, young)]);
});

test("pruning removes what nothing refers to any more, and nothing that is not publishing's own", async () => {
  const site = newSite();
  const [old, young] = [layoutOf("old"), layoutOf("young")];
  await site.published(old.layout.path, "--v1");
  writeFileSync(join(site.content, "team-app/mine.html"), "mine");
  await site.published(young.layout.path, "--prune-after", "0s", "--v1");
  const expected = newSite();
  await expected.published(young.layout.path, "--v1");
  const { "mine.html": mine, ...tree } = site.tree();
  expect([tree, mine]).toEqual([expected.tree(), sha256("mine")]);
});

describe("a repository of version 5", () => {
  test("becomes version 6 with nothing copied, keeps its tags, and loses its old tree to pruning only", async () => {
    const directory = fresh("site");
    const [five, six] = [siteAt(directory), siteAt(directory, 6)];
    const { layout, images } = layoutOf("1");
    const { layout: other, images: others } = layoutOf("2");
    await five.published(layout.path, "--copy");
    const before = five.tree();
    const said = await six.published(other.path, "--keep-tags", "--copy");
    expect(said.err.match(/blob sha256:\S+ {2}\d+ B {2}linked/g)).toHaveLength(2);
    expect(fileOf(six).tags).toEqual({ "1": images[0]?.digest, "2": others[0]?.digest });
    expect(six.tree()).toMatchObject(before);
    await six.published(other.path, "--prune-after", "0s");
    const expected = newSite();
    await expected.published(other.path);
    expect(six.tree()).toEqual(expected.tree());
    await five.published(layout.path, "--keep-tags");
    expect(five.redirectFile()).toMatchObject({
      version: 5,
      oci_manifest_data: ["1", "2", ...[images[0], others[0]].map((each) => each?.digest ?? "").sort()],
    });
    const check = await runCraned(["check", "--data-dir", five.metadata, "--content", five.content]);
    expect(check).toMatchObject({ code: 0 });
  });
});

test("equal blobs of the repositories of one content directory are one file", async () => {
  const { layout, images } = layoutOf("1");
  const archive = fresh("layout.tar");
  await succeed(["tar", "-cf", archive, "-C", layout.path, "."]);
  const site = newSite();
  await site.published(archive);
  const again = await site.published(archive, "--name", "team/other");
  expect(again.err.match(/ linked$/gm)).toHaveLength(2);
  const inode = (repository: string, each: Descriptor) => statSync(join(site.content, repository, pathOf(each))).ino;
  for (const part of images.flatMap((image) => partsOf(layout, image))) {
    expect(inode("team-other", part)).toBe(inode("team-app", part));
  }
  await site.published(archive, "--name", "team/copy", "--copy");
  const [part] = partsOf(layout, images[0] as Descriptor);
  expect(inode("team-copy", part as Descriptor)).not.toBe(inode("team-app", part as Descriptor));
});

describe("--pool", () => {
  const POOL = ["--pool", "shared"];
  test("has the blobs of all repositories once, and the file says where", async () => {
    const site = newSite();
    const one = layoutOf("1");
    const two = layoutOf("1", "2");
    await site.published(one.layout.path, ...POOL);
    const said = await site.published(two.layout.path, "--name", "team/two", ...POOL);
    expect(said.err.match(/^blob .* (copied|linked)$/gm)).toHaveLength(2);
    expect(fileOf(site).blobs).toBe("https://cdn.example/files/shared/{algorithm}/{hex}");
    expect(Object.keys(site.tree()).sort()).toEqual(["index.json", "oci-layout"]);
    const all = two.images.flatMap((image) => [image, ...partsOf(two.layout, image)]);
    expect(filesBelow(join(site.content, "shared"))).toEqual(
      Object.fromEntries(
        all
          .map(({ digest }) => digest)
          .sort()
          .map((digest) => [digest.replace(":", "/"), digest]),
      ),
    );
    const check = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect(check).toMatchObject({ code: 0 });
    rmSync(
      join(
        site.content,
        "shared",
        (partsOf(two.layout, two.images[0] as Descriptor)[1]?.digest ?? "").replace(":", "/"),
      ),
    );
    const broken = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect(broken.out).toContain("received nothing");
  });

  test("is pruned of what no repository refers to", async () => {
    const site = newSite();
    const [old, young] = [layoutOf("old", "both"), layoutOf("young", "both")];
    await site.published(old.layout.path, ...POOL);
    await site.published(young.layout.path, "--name", "team/two", ...POOL);
    const { layout: last, images } = layoutOf("last");
    await site.published(last.path, ...POOL, "--prune-after", "0s");
    const all = [...young.images, ...images].flatMap((image) => [
      image,
      ...partsOf(images.includes(image) ? last : young.layout, image),
    ]);
    expect(Object.values(filesBelow(join(site.content, "shared"))).sort()).toEqual(
      all.map(({ digest }) => digest).sort(),
    );
    writeFileSync(join(site.metadata, "v2/team-two.json"), "{}");
    const said = await site.published(young.layout.path, ...POOL, "--prune-after", "0s");
    expect(said.err).toMatch(/^warning: .*shared: nothing is removed, as .*team-two.json is in error$/m);
  });

  test("elsewhere needs its URL; version 5 and v1 have none", async () => {
    const site = newSite();
    const { layout } = layoutOf("1");
    const elsewhere = fresh("pool");
    const missing = await site.publish(layout.path, "--pool", elsewhere);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("'--pool-url <url>' not specified")]);
    await site.published(layout.path, "--pool", elsewhere, "--pool-url", "https://blobs.example");
    expect(fileOf(site).blobs).toBe("https://blobs.example/{algorithm}/{hex}");
    expect(readdirSync(elsewhere).sort()).toEqual([".craned", "sha256"]);
    for (const more of [["--v1"], ["--redirect-version", "5"]]) {
      expect((await site.publish(layout.path, ...POOL, ...more)).code).toBe(2);
    }
  });
});

describeWith(["skopeo"], "other tools read what was published", () => {
  test.each([[[]], [["--pool", "shared"]]])("as an OCI image layout, with %j", async (more) => {
    const layout = newLayout();
    const index = layout.list("index", [forPlatform(layout.image("oci", "a"), "amd64")]);
    layout.finish([["1.0", index]]);
    const site = newSite();
    await site.published(layout.path, ...more);
    const shared = more.length > 0 ? ["--src-shared-blob-dir", join(site.content, "shared")] : [];
    const target = fresh("copy");
    const source = `oci:${join(site.content, "team-app")}:1.0`;
    await succeed(["skopeo", "copy", "-q", "--all", ...shared, source, `oci:${target}:1.0`]);
    expect(Object.values(filesBelow(join(target, "blobs"))).sort()).toEqual(
      Object.values(filesBelow(join(layout.path, "blobs"))).sort(),
    );
  });
});
