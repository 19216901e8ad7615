/** Sources as tools make them, which is not always as the specifications have it. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { MEDIA_TYPE } from "../../../lib/core/media-types.ts";
import { runCraned, scratch, serveDirectory } from "../../harness/craned.ts";
import { leftovers, succeed } from "../../harness/programs.ts";
import { OCI, sha256 } from "../../harness/redirect-files.ts";
import { configOf, type Descriptor, forPlatform, type Layout, layoutAt, siteAt } from "../layouts.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const { fresh } = work;
const newLayout = (): Layout => layoutAt(fresh("layout"));
const newSite = () => siteAt(fresh("site"));
const warningsIn = (text: string): readonly string[] => text.match(/(?<=^warning: ).*$/gm) ?? [];
const contentOf = (site: ReturnType<typeof newSite>) => Object.values(site.tree());

async function tarOf(directory: string): Promise<string> {
  const archive = `${directory}.tar`;
  await succeed(["tar", "-cf", archive, "-C", directory, "."]);
  return archive;
}

describe("an index that names what the source does not have", () => {
  const layout = newLayout();
  const [amd64, arm64] = [
    forPlatform(layout.image("oci", "here"), "amd64"),
    forPlatform(layout.image("oci", "gone"), "arm64"),
  ];
  const hollow = forPlatform(layout.image("oci", "no layers"), "s390x");
  const index = layout.list("index", [amd64, arm64, hollow]);
  layout.finish([["1.0", index]]);
  rmSync(layout.fileOf(arm64));
  const [layer]: Descriptor[] = JSON.parse(readFileSync(layout.fileOf(hollow), "utf8")).layers;
  if (layer !== undefined) rmSync(layout.fileOf(layer));

  test("is published as it is, with what is there and a warning for each image that is not", async () => {
    const site = newSite();
    const { err } = await site.published(layout.path);
    expect(warningsIn(err)).toEqual([
      expect.stringMatching(new RegExp(`names ${arm64.digest} .*: published without the image for linux/arm64$`)),
      expect.stringMatching(new RegExp(`names ${layer?.digest} .*: published without the image for linux/s390x$`)),
    ]);
    expect(site.tags()).toEqual({ "1.0": [index.digest] });
    expect(contentOf(site)).toEqual(expect.arrayContaining([index.digest, amd64.digest]));
    expect(contentOf(site)).not.toContain(hollow.digest);
  });

  test.each([5, 6] as const)("has nothing wrong for check, with version %i", async (version) => {
    const site = siteAt(fresh("site"), version);
    await site.published(layout.path);
    const { code, err } = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect([code, err.includes("error")]).toEqual([0, false]);
  });

  test("says nothing of the platforms that nobody wants", async () => {
    const { err } = await newSite().published(layout.path, "--platform", "linux/amd64");
    expect(warningsIn(err)).toEqual([]);
  });

  test("is an error when nothing of it is there, or nothing for the platform", async () => {
    const none = await newSite().publish(layout.path, "--platform", "linux/riscv64");
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringContaining("no image for such a platform (there are: linux/amd64, linux/arm64, linux/s390x)"),
    ]);
    const gone = await newSite().publish(layout.path, "--platform", "linux/arm64");
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining("names no manifest that")]);
    const single = newLayout();
    single.finish([["1.0", single.image("oci", "for amd64")]]);
    await newSite().published(single.path, "--platform", "linux/amd64");
    const other = await newSite().publish(single.path, "--platform", "linux/arm64");
    expect([other.code, other.err]).toEqual([
      1,
      expect.stringContaining("no image for such a platform (there are: linux/amd64)"),
    ]);
    const mistyped = await newSite().publish(layout.path, "--platform", "arm64");
    expect([mistyped.code, mistyped.err]).toEqual([2, expect.stringContaining("Expected os/architecture")]);
  });
});

test("of an index, the images for the platforms that are wanted, with their attestations", async () => {
  const layout = newLayout();
  const [amd64, arm] = [forPlatform(layout.image("oci", "one"), "amd64"), layout.image("oci", "two")];
  const armV7 = { ...arm, platform: { os: "linux", architecture: "arm", variant: "v7" } };
  const about = (image: Descriptor) => ({
    ...forPlatform(layout.image("oci", `about ${image.digest}`), "unknown"),
    annotations: { "vnd.docker.reference.digest": image.digest },
  });
  const [ofAmd64, ofArm] = [about(amd64), about(armV7)];
  layout.finish([["1.0", layout.list("index", [amd64, armV7, ofAmd64, ofArm])]]);
  const site = newSite();
  await site.published(layout.path, "--platform", "linux/arm/v7");
  expect(contentOf(site)).toEqual(expect.arrayContaining([arm.digest, ofArm.digest]));
  expect(contentOf(site)).not.toContain(amd64.digest);
  expect(contentOf(site)).not.toContain(ofAmd64.digest);
  await site.published(layout.path, "--platform", "linux/arm", "--platform", "linux/amd64");
  expect(contentOf(site)).toEqual(expect.arrayContaining([arm.digest, amd64.digest, ofAmd64.digest]));
});

test.each(["linux/arm64/v8", "linux/aarch64", "Linux/ARM64"])(
  "the image for arm64 is that for %s",
  async (platform) => {
    const layout = newLayout();
    const image = forPlatform(layout.image("oci", "arm64"), "arm64");
    layout.finish([["1.0", layout.list("index", [forPlatform(layout.image("oci", "other"), "amd64"), image])]]);
    const site = newSite();
    await site.published(layout.path, "--platform", platform);
    expect(contentOf(site)).toContain(image.digest);
  },
);

describe("platforms that stand in index.json itself", () => {
  const about = { annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
  const attestation = { ...about, platform: { os: "unknown", architecture: "unknown" } };
  const windows = (version: string) => ({
    platform: { os: "windows", architecture: "amd64", "os.version": version, "os.features": ["win32k"] },
  });
  const linux = (architecture: string) => ({ platform: { os: "linux", architecture } });

  test.each([
    ["of Linux", [linux("amd64"), linux("arm64")]],
    ["of two versions of Windows", [windows("10.0.17763.1"), windows("10.0.20348.1")]],
    ["with attestations", [linux("amd64"), linux("arm64"), attestation, attestation]],
  ])("are published as one index: %s", async (_, entries) => {
    const layout = newLayout();
    const manifests = entries.map((more, at) => ({ ...layout.image("oci", `image ${at}`), ...more }));
    layout.finish(manifests.map((each) => ["", each]));
    const site = siteAt(fresh("site"), 6);
    const { err } = await site.published(layout.path, "--tag", "1.0");
    const [index = ""] = site.tags()["1.0"] ?? [];
    expect(warningsIn(err)).toEqual([expect.stringContaining(`lists 2 platforms`)]);
    expect(contentOf(site)).toEqual(expect.arrayContaining([index, ...manifests.map(({ digest }) => digest)]));
    const blob = readFileSync(join(site.content, "team-app/blobs", index.replace(":", "/")), "utf8");
    expect(JSON.parse(blob)).toMatchObject({ manifests });
  });
});

describe("names", () => {
  const layout = newLayout();
  const [app, db] = [layout.image("oci", "app"), layout.image("2", "db")];
  const both = newLayout();
  layout.finish([
    ["docker.io/team/app:1.0", app],
    ["localhost:5000/team/db:1.0", db],
  ]);

  test("of several repositories are not mixed", async () => {
    const { code, err } = await newSite().publish(layout.path);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("has images of docker.io/team/app, localhost:5000/team/db"),
    ]);
  });

  test.each([
    ["team/app", app],
    ["docker.io/team/app", app],
    ["team/db", db],
    ["localhost:5000/team/db", db],
  ])("of %s alone are taken when it is wanted", async (name, image) => {
    const site = newSite();
    await site.published(layout.path, "--source-name", name);
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("of a repository that is not there are said to be none", async () => {
    const { code, err } = await newSite().publish(layout.path, "--source-name", "team/cache");
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("no image is of team/cache (there are: docker.io/team/app,"),
    ]);
  });

  test.each([
    ["are taken for one where all images have both", ["app:1.0", "host:5000/app:2.0"], 0],
    ["are not where one has another besides", ["app:1.0", "host:5000/app:2.0"], 1],
  ])("of two repositories for one image %s", async (_, RepoTags, code) => {
    const directory = fresh("docker");
    mkdirSync(directory);
    writeFileSync(join(directory, "c.json"), "{}");
    const images = [{ RepoTags }, ...(code === 0 ? [] : [{ RepoTags: ["app:3.0"] }])];
    writeFileSync(
      join(directory, "manifest.json"),
      JSON.stringify(images.map((image) => ({ ...image, Config: "c.json", Layers: [] }))),
    );
    const ran = await newSite().publish(directory);
    expect(ran.code).toBe(code);
    if (code === 1) expect(ran.err).toContain("has images of docker.io/library/app, host:5000/app: choose one");
  });

  test("of two repositories for the same images are not mixed", async () => {
    const image = both.image("oci", "both");
    both.finish([
      ["app:1.0", image],
      ["host:5000/app:1.0", image],
      ["app:2.0", both.image("oci", "new")],
    ]);
    const { code, err } = await newSite().publish(both.path);
    expect([code, err]).toEqual([1, expect.stringContaining("has images of docker.io/library/app, host:5000/app")]);
  });

  test.each(["host:5000/team/app@", ""])("that are digests are no tags: %s…", async (repository) => {
    const digested = newLayout();
    const image = digested.image("2", "by digest");
    digested.finish([[`${repository}${image.digest}`, image]]);
    const refused = await newSite().publish(digested.path);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining("no image has a tag: give one with --tag"),
    ]);
    const site = newSite();
    await site.published(digested.path, "--tag", "1.0");
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("that Kubernetes gives beside the real one are no other repository's", async () => {
    const twice = newLayout();
    const image = twice.image("2", "twice");
    twice.finish([
      ["host:5000/team/app:1.0", image],
      [image.digest, image],
    ]);
    const site = newSite();
    await site.published(twice.path);
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("of 255 characters are published, and their files have names that a system takes", async () => {
    const single = newLayout();
    single.finish([["1.0", single.image("oci", "long")]]);
    const name = Array.from({ length: 5 }, (_, at) => `${at}`.repeat(50)).join("/");
    expect(name).toHaveLength(254);
    const { err } = await newSite().published(single.path, "--name", name);
    expect(err).toMatch(/\/v2\/[0-9a-f-]{128}\.json {2}written/);
  });
});

describe("fields that are left out, null or empty", () => {
  const NOTHING = [
    { layers: null, annotations: null, subject: null, artifactType: null },
    { annotations: { empty: null } },
    { annotations: undefined },
  ];
  test.each(NOTHING)("of an image without layers: %j", async (fields) => {
    const layout = newLayout();
    const config = layout.blob("application/vnd.oci.image.config.v1+json", '{"rootfs":null}', {
      urls: null,
      platform: null,
    });
    const image = layout.manifest("oci", { config, mediaType: "", ...fields });
    layout.finish([["1.0", { ...image, mediaType: "" }]]);
    const site = newSite();
    await site.published(layout.path);
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("of an index without images", async () => {
    const layout = newLayout();
    const index = layout.manifest("index", { manifests: null, annotations: null });
    layout.finish([["1.0", index]]);
    const site = newSite();
    await site.published(layout.path);
    expect(site.tags()).toEqual({ "1.0": [index.digest] });
  });

  test.each([{}, { rootfs: null }, { rootfs: { type: "layers" } }, { rootfs: { type: "layers", diff_ids: null } }])(
    "of a docker-archive without layers: %j",
    async (config) => {
      const directory = fresh("labels");
      mkdirSync(directory);
      writeFileSync(join(directory, "c.json"), JSON.stringify({ architecture: "amd64", os: "linux", ...config }));
      writeFileSync(join(directory, "manifest.json"), '[{"Config":"c.json","RepoTags":["e:1"],"Layers":null}]');
      const site = newSite();
      await site.published(await tarOf(directory));
      expect(Object.keys(site.tags())).toEqual(["1"]);
    },
  );
});

describe("what docker save has written since Docker 25", () => {
  const LAYERS = ["the lower layer", "the upper layer ".repeat(5000)];
  const layout = newLayout();
  const config = layout.blob("application/vnd.oci.image.config.v1+json", configOf(LAYERS, "amd64"));
  const layers = LAYERS.map((text) => layout.blob("application/vnd.oci.image.layer.v1.tar", text));
  const image = layout.manifest("oci", { config, layers, annotations: { made: "here" } });
  layout.finish([["docker.io/library/app:1.0", image]]);
  writeFileSync(join(layout.path, "manifest.json"), "[]");

  test("is published with compressed layers, and says so", async () => {
    const site = newSite();
    const archive = await tarOf(layout.path);
    const { err } = await site.published(archive);
    const [digest = ""] = site.tags()["1.0"] ?? [];
    expect(warningsIn(err)).toEqual([
      `${archive}: the layers of ${image.digest} are not compressed: published as ${digest} with compressed ones (--keep-layers keeps them)`,
    ]);
    const files = Object.entries(site.tree());
    const bytesOf = (wanted: string) => {
      const [path = ""] = files.find(([, hash]) => hash === wanted) ?? [];
      return readFileSync(join(site.content, "team-app", path));
    };
    const manifest = JSON.parse(bytesOf(digest).toString());
    expect(manifest).toMatchObject({ config, annotations: { made: "here" } });
    expect(manifest.layers).toMatchObject(
      [0, 1].map(() => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" })),
    );
    expect(manifest.layers.map((each: Descriptor) => gunzipSync(bytesOf(each.digest)).toString())).toEqual(LAYERS);
    const again = await site.published(archive, "--json");
    expect(again.out).toContain('"outcome":"unchanged"');
    expect(again.out).not.toContain('"outcome":"moved"');
  });

  test("is found by the digest that docker knows, and kept as it is when asked", async () => {
    const site = newSite();
    await site.published(layout.path, "--tag", `a=${image.digest}`);
    expect(site.tags()["a"]).not.toEqual([image.digest]);
    await site.published(layout.path, "--keep-layers");
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });
});

test("what cosign save has written beside an image becomes the tags that cosign looks for", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "signed");
  const [signature, attestation] = [layout.image("oci", "signature"), layout.image("oci", "attestation")];
  const kind = (each: Descriptor, name: string) => ({
    ...each,
    annotations: { kind: `dev.cosignproject.cosign/${name}`, "org.opencontainers.image.ref.name": "host/app:1.0" },
  });
  const manifests = [kind(image, "image"), kind(signature, "sigs"), kind(attestation, "atts")];
  layout.finish([]);
  writeFileSync(join(layout.path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  const tag = image.digest.replace(":", "-");
  const site = newSite();
  await site.published(layout.path);
  expect(site.tags()).toEqual({
    "1.0": [image.digest],
    [`${tag}.sig`]: [signature.digest],
    [`${tag}.att`]: [attestation.digest],
  });
  const one = newSite();
  await one.published(layout.path, "--tag", "2.0=1.0");
  expect(Object.keys(one.tags()).sort()).toEqual(["2.0", `${tag}.att`, `${tag}.sig`]);
});

test("referrers that a layout lists under their tag come along with the tag that is asked for", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "referred to");
  const note = layout.image("oci", "note", { subject: image, artifactType: "text/plain" });
  layout.finish([
    ["1.0", image],
    [image.digest.replace(":", "-"), layout.list("index", [note])],
  ]);
  const site = siteAt(fresh("site"), 6);
  await site.published(layout.path, "--tag", "1.0");
  expect(site.redirectFile()["manifests"]).toEqual(
    expect.arrayContaining([expect.objectContaining({ digest: note.digest })]),
  );
});

test("an image without a name beside its signatures takes the tag that is given, and needs one", async () => {
  const layout = newLayout();
  const [image, signature] = [layout.image("oci", "signed"), layout.image("oci", "signature")];
  const kind = (each: Descriptor, name: string) => ({
    ...each,
    annotations: { kind: `dev.cosignproject.cosign/${name}` },
  });
  layout.finish([]);
  const manifests = [kind(image, "image"), kind(signature, "sigs")];
  writeFileSync(join(layout.path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  const refused = await newSite().publish(layout.path);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("no image has a tag: give one with --tag")]);
  const site = newSite();
  await site.published(layout.path, "--tag", "1.0");
  expect(site.tags()).toEqual({ "1.0": [image.digest], [`${image.digest.replace(":", "-")}.sig`]: [signature.digest] });
});

test("an index.json of many images is read in linear time", async () => {
  const layout = newLayout();
  const image = forPlatform(layout.image("oci", "many"), "amd64");
  layout.finish([["1.0", image]]);
  const path = join(layout.path, "index.json");
  const index = JSON.parse(readFileSync(path, "utf8"));
  const others = Array.from({ length: 100_000 }, (_, at) => ({
    ...image,
    annotations: undefined,
    platform: { os: "linux", architecture: `a${at}` },
  }));
  writeFileSync(path, JSON.stringify({ ...index, manifests: [...index.manifests, ...others] }));
  const site = newSite();
  await site.published(layout.path, "--no-referrers", "--tag", "1.0");
  expect(site.tags()).toEqual({ "1.0": [image.digest] });
});

describe("an entry that can't be published", () => {
  const ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json";
  const layout = newLayout();
  const [good, moved] = [layout.image("oci", "good"), layout.image("oci", "moved")];
  const artifact = layout.blob(ARTIFACT, JSON.stringify({ mediaType: ARTIFACT }));
  layout.finish([
    ["1.0", good],
    ["old", artifact],
    ["two words", moved],
  ]);

  test("is left out and said, the others are published, and the exit code is 2", async () => {
    const site = newSite();
    const { code, err } = await site.publish(layout.path);
    expect(err.match(/^skipped .*$/gm)).toEqual([
      expect.stringContaining("skipped two words: "),
      expect.stringContaining(
        `skipped old: ${layout.path}: mediaType of ${artifact.digest}: expected the type of a manifest`,
      ),
    ]);
    expect(code).toBe(2);
    expect(site.tags()).toEqual({ "1.0": [good.digest] });
  });

  test("leaves the tag what it was", async () => {
    const before = newLayout();
    const image = before.image("oci", "before");
    before.finish([["old", image]]);
    const site = newSite();
    await site.published(before.path);
    expect((await site.publish(layout.path)).code).toBe(2);
    expect(site.tags()).toEqual({ "1.0": [good.digest], old: [image.digest] });
  });

  test("is an error when it was asked for", async () => {
    const { code } = await newSite().publish(layout.path, "--tag", "old");
    expect(code).toBe(1);
  });

  test("does no harm to one that was asked for", async () => {
    const beside = newLayout();
    const image = beside.image("oci", "asked for");
    beside.finish([
      ["1.0", image],
      ["", beside.blob(ARTIFACT, "{}")],
      ["", beside.blob(image.mediaType, "no JSON")],
    ]);
    const site = newSite();
    const { err } = await site.published(beside.path, "--tag", "1.0");
    expect(warningsIn(err)).toEqual([1, 2].map(() => expect.stringMatching(/: published without it$/)));
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("may be the signature of one that was asked for", async () => {
    const signed = newLayout();
    const image = signed.image("oci", "signed");
    const tag = `${image.digest.replace(":", "-")}.sig`;
    signed.finish([
      ["1.0", image],
      [tag, signed.blob(image.mediaType, "no JSON")],
    ]);
    const site = newSite();
    const { code, err } = await site.publish(signed.path, "--tag", "1.0");
    expect([code, err.match(/^skipped .*$/gm)]).toEqual([2, [expect.stringContaining(`skipped ${tag}: `)]]);
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
  });

  test("may be one whose layer is broken; others are published without it", async () => {
    const layered = newLayout();
    const [whole, torn] = [layered.image("oci", "whole"), forPlatform(layered.image("oci", "torn"), "arm64")];
    const index = layered.list("index", [forPlatform(whole, "amd64"), torn]);
    layered.finish([
      ["1.0", whole],
      ["2.0", torn],
      ["all", index],
    ]);
    const [layer]: Descriptor[] = JSON.parse(readFileSync(layered.fileOf(torn), "utf8")).layers;
    if (layer === undefined) throw new Error("no layer");
    writeFileSync(layered.fileOf(layer), "x".repeat(layer.size));
    const site = newSite();
    const { code, err } = await site.publish(layered.path);
    const why = `digest mismatch: expected ${layer.digest}`;
    expect([code, err.match(/^(?:warning|skipped).*$/gm)]).toEqual([
      2,
      [
        expect.stringMatching(new RegExp(`^warning: .*${why}.*published without the image for linux/arm64$`)),
        expect.stringMatching(new RegExp(`^skipped 2.0: .*${why}`)),
      ],
    ]);
    expect(site.tags()).toEqual({ "1.0": [whole.digest], all: [index.digest] });
  });
});

describe("an image is found", () => {
  const layout = newLayout();
  const [one, two] = [layout.image("oci", "one"), layout.image("oci", "two")];
  layout.finish([
    ["1.0", one],
    ["2.0", two],
  ]);
  // Archives are read in more than one piece, as those of tools are.
  writeFileSync(join(layout.path, "noise"), randomBytes(5_000_000));

  test.each([
    ["oci:", () => `oci:${layout.path}:2.0`],
    ["oci: by its place", () => `oci:${layout.path}:@1`],
    ["oci-archive:", async () => `oci-archive:${await tarOf(layout.path)}:2.0`],
    ["docker-archive:", () => dockerArchiveOf("app:2.0")],
    ["gzip", async () => gzipped(await tarOf(layout.path), gzipSync)],
    ["zstd", async () => gzipped(await tarOf(layout.path), zstdCompressSync)],
  ])("as skopeo and pipes have it: %s", async (what, sourceOf) => {
    const site = newSite();
    await site.published(await sourceOf(), ...(/^oci|^docker/.test(what) ? [] : ["--tag", "2.0"]));
    if (what.startsWith("docker")) expect(Object.keys(site.tags())).toEqual(["2.0"]);
    else expect(site.tags()).toEqual({ "2.0": [two.digest] });
  });

  test("under the name that is asked for, and no other", async () => {
    const named = newLayout();
    const image = named.image("oci", "of two names");
    named.finish([
      ["app:1.0", image],
      ["app:latest", image],
    ]);
    const site = newSite();
    await site.published(`oci:${named.path}:app:1.0`);
    expect(site.tags()).toEqual({ "1.0": [image.digest] });
    const { code, err } = await newSite().publish(`oci:${named.path}:app:3.0`);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("no image is called app:3.0 (there are: app:1.0, app:latest)"),
    ]);
  });

  /** What docker would call app:2.0 for short, converted to docker's own form. */
  async function dockerArchiveOf(name: string): Promise<string> {
    const directory = fresh("docker");
    mkdirSync(directory);
    const config = (tag: string) => JSON.stringify({ rootfs: { type: "layers", diff_ids: [] }, tag });
    const images = ["1.0", "2.0"].map((tag) => {
      writeFileSync(join(directory, `${tag}.json`), config(tag));
      return { Config: `${tag}.json`, RepoTags: [`docker.io/library/app:${tag}`], Layers: [] };
    });
    writeFileSync(join(directory, "manifest.json"), JSON.stringify(images));
    return `docker-archive:${await tarOf(directory)}:${name}`;
  }

  test.each([
    ["on standard input", "-", (archive: string) => `"$0" "$@" < ${archive}`],
    ["in a pipe of the shell's", "/dev/stdin", (archive: string) => `cat ${archive} | "$0" "$@"`],
  ])("%s", async (_, source, script) => {
    const site = newSite();
    const archive = gzipped(await tarOf(layout.path), gzipSync);
    const craned = ["dist/craned", "publish", source, "--name", "team/app", "--url", "https://cdn.example/"];
    await succeed(["sh", "-c", script(archive), ...craned, "--content", site.content, "--metadata", site.metadata]);
    expect(site.tags()).toEqual({ "1.0": [one.digest], "2.0": [two.digest] });
  });

  test("in a directory of skopeo's, which has no name for it", async () => {
    const directory = fresh("app:1.0");
    await succeed(["skopeo", "copy", "--all", `oci:${layout.path}:1.0`, `dir:${directory}`]);
    const site = newSite();
    await site.published(`dir:${directory}`, "--tag", "1.0");
    expect(site.tags()).toEqual({ "1.0": [one.digest] });
    await succeed(["skopeo", "copy", "--format", "v2s1", `oci:${layout.path}:1.0`, `dir:${directory}`]);
    const signed = siteAt(fresh("site"), 6);
    await signed.published(`dir:${directory}`, "--tag", "1.0");
    expect(signed.redirectFile()["manifests"]).toMatchObject([{ mediaType: MEDIA_TYPE["1"] }]);
  });
});

function gzipped(path: string, compress: (bytes: Buffer) => Uint8Array): string {
  writeFileSync(`${path}.packed`, compress(readFileSync(path)));
  return `${path}.packed`;
}

test("a long index.json is read", async () => {
  const layout = newLayout();
  const image = layout.image("oci", "many");
  layout.finish([["1.0", { ...image, annotations: undefined }]]);
  const path = join(layout.path, "index.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("}]", `,"x":"${"y".repeat(5_000_000)}"}]`));
  await newSite().published(layout.path);
});

describe("a source of somebody else's", () => {
  test("can't lead out of its directory", async () => {
    const layout = newLayout();
    const image = layout.image("oci", "stolen");
    layout.finish([["1.0", image]]);
    const [secret, file] = [fresh("secret"), layout.fileOf(image)];
    copyFileSync(file, secret);
    rmSync(file);
    symlinkSync(secret, file);
    const { code, err } = await newSite().publish(layout.path);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`${file}: expected a file inside ${layout.path}, received a link that leads outside`),
    ]);
  });

  test("may have links within it", async () => {
    const layout = newLayout();
    const image = layout.image("oci", "linked");
    layout.finish([["1.0", image]]);
    const file = layout.fileOf(image);
    copyFileSync(file, join(layout.path, "elsewhere"));
    rmSync(file);
    symlinkSync("../../elsewhere", file);
    await newSite().published(layout.path);
  });

  test.each([[], ["--tag", "none"], ["--source-name", "none"]])("can't move the cursor: %j", async (...flags) => {
    const layout = newLayout();
    layout.finish([
      ["\u009b2J\u001b[2J/app:1.0", layout.image("oci", "one")],
      ["db:\u001b[2J", layout.image("oci", "two")],
    ]);
    const { code, err } = await newSite().publish(layout.path, ...flags);
    expect([code, err]).toEqual([1, expect.stringContaining("\\u{9b}2J\\u{1b}[2J")]);
    expect(err).not.toMatch(/[\u001b\u009b]/);
  });

  test("can't fill the disk when it is unpacked", async () => {
    const path = fresh("bomb");
    const zeros = Buffer.alloc(16 * 1024 * 1024);
    const part = gzipSync(zeros);
    writeFileSync(path, Buffer.concat(Array.from({ length: 17 }, () => part)));
    const { code, err } = await newSite().publish(path);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/expected at most 200 times its \d+ bytes when unpacked, received more/),
    ]);
  });

  test("can't fill the memory with manifests", async () => {
    const layout = newLayout();
    const child = layout.manifest("index", { manifests: [] });
    const children = Array.from({ length: 35 }, (_, at) => ({ ...child, digest: sha256(`${at}`), size: 4_000_000 }));
    layout.finish([["1.0", layout.list("index", children)]]);
    const { code, err } = await newSite().publish(layout.path);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("manifests: expected at most 134217728 bytes together, received more"),
    ]);
  });
});

test.each([5, 6] as const)(
  "digests of sha512 are published, kept, served and checked with version %i",
  async (version) => {
    const layout = newLayout();
    const bytes = Buffer.from(readFileSync(layout.fileOf(layout.image("oci", "long digests"))));
    const digest = `sha512:${new Bun.CryptoHasher("sha512").update(bytes).digest("hex")}`;
    const image = { mediaType: OCI, digest, size: bytes.length };
    mkdirSync(join(layout.path, "blobs/sha512"));
    writeFileSync(layout.fileOf(image), bytes);
    layout.finish([["1.0", image]]);
    const site = siteAt(fresh("site"), version);
    await site.published(layout.path);
    expect(JSON.stringify(site.redirectFile())).toContain(digest);
    const next = newLayout();
    next.finish([["2.0", next.image("oci", "next")]]);
    await site.published(next.path, "--keep-tags");
    expect(Object.keys(site.tags()).sort()).toEqual(["1.0", "2.0"]);
    const file = JSON.stringify(site.redirectFile());
    expect([file.includes(digest), file.includes(sha256(bytes))]).toEqual([true, false]);
    const served = await serveDirectory(site.metadata, {
      args: ["--serve-content-enable", "--serve-content-content-dir-v2", site.content, "--management-listen", "off"],
    });
    afterwards(served.stop);
    for (const reference of ["1.0", digest]) {
      const url = `${served.origin}/v2/team/app/manifests/${reference}`;
      const answer = await fetch(url, { method: "HEAD", headers: { accept: "*/*" } });
      expect(answer.headers.get("docker-content-digest")).toBe(digest);
    }
    const checked = await runCraned(["check", "--data-dir", site.metadata, "--content", site.content]);
    expect([checked.code, checked.out]).toEqual([0, expect.any(String)]);
  },
);
