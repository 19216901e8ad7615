import { afterAll, expect, test } from "bun:test";
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { scratch } from "../../harness/craned.ts";
import { succeed } from "../../harness/programs.ts";
import { SCHEMA_2, sha256 } from "../../harness/redirect-files.ts";
import { type Descriptor, type Layout, layoutAt, siteAt } from "../layouts.ts";

const work = scratch();
afterAll(work.remove);

const { fresh } = work;

interface Case {
  readonly layout: Layout;
  readonly image: Descriptor;
  readonly layer: Descriptor;
}

function goodLayout(): Case {
  const layout = layoutAt(fresh("layout"));
  const image = layout.image("oci", "a layer");
  layout.finish([["1.0", image]]);
  const { layers } = JSON.parse(readFileSync(layout.fileOf(image), "utf8"));
  return { layout, image, layer: layers[0] };
}

const rewrite = ({ layout }: Case, name: string, change: (text: string) => string): void => {
  const path = join(layout.path, name);
  writeFileSync(path, change(readFileSync(path, "utf8")));
};

const flipLastByte = (path: string): string => {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return sha256(bytes);
};

/** Breaks a good layout, and says how the error ends or what it has. */
const CASES: readonly (readonly [what: string, breakIt: (good: Case) => string])[] = [
  [
    "a layer with a wrong byte",
    ({ layout, layer }) => {
      const received = flipLastByte(layout.fileOf(layer));
      return `error: ${layout.fileOf(layer)}: digest mismatch: expected ${layer.digest}, received ${received}\n`;
    },
  ],
  [
    "a layer that is too long",
    ({ layout, layer }) => {
      appendFileSync(layout.fileOf(layer), "!");
      return `${layout.fileOf(layer)}: size: expected ${layer.size} bytes for ${layer.digest}, received ${layer.size + 1} bytes\n`;
    },
  ],
  [
    "a layer that is cut off",
    ({ layout, layer }) => {
      truncateSync(layout.fileOf(layer), 3);
      return `${layout.fileOf(layer)}: size: expected ${layer.size} bytes for ${layer.digest}, received 3 bytes\n`;
    },
  ],
  [
    "a layer that is missing",
    ({ layout, layer }) => {
      rmSync(layout.fileOf(layer));
      return `names ${layer.digest} (${layer.mediaType}), which ${layout.path} does not have\n`;
    },
  ],
  [
    "a manifest with a wrong byte",
    ({ layout, image }) => {
      const received = flipLastByte(layout.fileOf(image));
      return `${layout.fileOf(image)}: digest mismatch: expected ${image.digest}, received ${received}\n`;
    },
  ],
  [
    "a manifest that is missing",
    ({ layout, image }) => {
      rmSync(layout.fileOf(image));
      return `names ${image.digest} (${image.mediaType}), which ${layout.path} does not have\n`;
    },
  ],
  [
    "a manifest whose config has no digest",
    ({ layout }) => {
      const bad = layout.manifest("oci", { config: { mediaType: "a", size: 1 }, layers: [] });
      layout.finish([["1.0", bad]]);
      return `${layout.fileOf(bad)}: config.digest: expected a digest, received nothing\n`;
    },
  ],
  [
    "a manifest with a layer without a size",
    ({ layout, layer }) => {
      const bad = layout.manifest("oci", { config: layer, layers: [layer, { ...layer, size: -1 }] });
      layout.finish([["1.0", bad]]);
      return `${layout.fileOf(bad)}: layers[1].size: expected a size in bytes, received -1\n`;
    },
  ],
  [
    "a manifest that says it is something else",
    ({ layout, image }) => {
      layout.finish([["1.0", { ...image, mediaType: SCHEMA_2 }]]);
      return `${layout.fileOf(image)}: mediaType: expected application/vnd.docker.distribution.manifest.v2+json, received application/vnd.oci.image.manifest.v1+json\n`;
    },
  ],
  [
    "a descriptor of no manifest",
    ({ layout, layer }) => {
      layout.finish([["1.0", layer]]);
      return `mediaType of ${layer.digest}: expected the type of a manifest, received ${layer.mediaType}\n`;
    },
  ],
  [
    "a digest with an algorithm that nobody can check",
    ({ layout, image }) => {
      layout.finish([["1.0", { ...image, digest: "md5:0" }]]);
      return "names md5:0 (application/vnd.oci.image.manifest.v1+json), which";
    },
  ],
  [
    "a digest that leads outside",
    (good) => {
      rewrite(good, "index.json", (text) => text.replace(/sha256:[0-9a-f]+/, "sha256:../../secret"));
      return `${good.layout.path}/index.json: manifests[0].digest: expected a digest, received "sha256:../../secret"\n`;
    },
  ],
  [
    "an index.json that is no JSON",
    (good) => {
      rewrite(good, "index.json", () => "{");
      return `${good.layout.path}/index.json: expected JSON in UTF-8, received other bytes\n`;
    },
  ],
  [
    "no index.json",
    ({ layout }) => {
      rmSync(join(layout.path, "index.json"));
      return `${layout.path}: index.json: expected a file, received nothing\n`;
    },
  ],
  [
    "no oci-layout",
    ({ layout }) => {
      rmSync(join(layout.path, "oci-layout"));
      return `${layout.path}: oci-layout: expected a file, received nothing\n`;
    },
  ],
  [
    "a layout of a version to come",
    (good) => {
      rewrite(good, "oci-layout", () => '{"imageLayoutVersion":"2.0.0"}');
      return `oci-layout: imageLayoutVersion: expected the version 1.0.0, received "2.0.0"\n`;
    },
  ],
  [
    "a name that is no tag",
    ({ layout, image }) => {
      layout.finish([["two words", image]]);
      return `"two words" is no tag: give one with --tag <tag>=two words\n`;
    },
  ],
];

test.each(CASES)("%s is an error that says so, and nothing is published", async (_, breakIt) => {
  const good = goodLayout();
  const site = siteAt(fresh("site"));
  const message = breakIt(good);
  const { code, err } = await site.publish(good.layout.path);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  expect(Object.keys(site.tree()).filter((path) => !path.startsWith("blobs/"))).toEqual([]);
  expect(() => site.redirectFile()).toThrow("ENOENT");
});

test("what was published before stays as it is, and the next publish goes on", async () => {
  const { layout, layer } = goodLayout();
  const site = siteAt(fresh("site"));
  await site.published(layout.path);
  const before = [site.redirectFile(), site.tree()];
  const next = layout.image("oci", "a layer of the next version");
  layout.finish([["1.0", next]]);
  const broken = JSON.parse(readFileSync(layout.fileOf(next), "utf8")).layers[0];
  const whole = readFileSync(layout.fileOf(broken));
  rmSync(layout.fileOf(broken));
  writeFileSync(layout.fileOf(broken), whole.toReversed());
  expect((await site.publish(layout.path)).err).toContain(`digest mismatch: expected ${broken.digest}`);
  expect([site.redirectFile(), { ...site.tree() }]).toMatchObject(before);
  writeFileSync(layout.fileOf(broken), whole);
  await site.published(layout.path);
  expect(site.tree()).toMatchObject({ "manifests/oci/1.0": next.digest, [`blobs/${layer.digest}`]: layer.digest });
});

test.each<[string, (path: string) => unknown, string]>([
  ["that is not there", () => {}, "no such file or directory (ENOENT)"],
  [
    "that is empty",
    (path) => writeFileSync(path, ""),
    "header at byte 0: expected a tar header, received the end of the file",
  ],
  [
    "that is no archive",
    (path) => writeFileSync(path, "x".repeat(5000)),
    "header at byte 0: expected a tar header, received other bytes",
  ],
  [
    "that is compressed in a way that is not read",
    (path) => writeFileSync(path, Buffer.from("fd377a585a0000", "hex")),
    "expected a tar archive, as it is or by gzip or zstd (try unxz), received xz",
  ],
  [
    "that is compressed and cut off",
    (path) => writeFileSync(path, gzipSync("x".repeat(5000)).subarray(0, 20)),
    "expected whole gzip",
  ],
  ["that is a device", () => {}, "/dev/null: expected a directory or a tar archive, received something else"],
  [
    "that is an archive of other things",
    (path) => succeed(["tar", "-cf", path, "-C", import.meta.dir, "layout.test.ts"]),
    "expected an OCI image layout (oci-layout, index.json) or a docker-archive (manifest.json), received neither",
  ],
  [
    "that is cut off",
    async (path) => {
      await succeed(["tar", "-cf", path, "-C", import.meta.dir, "layout.test.ts"]);
      truncateSync(path, 1000);
    },
    "header at byte 0: expected",
  ],
])("a source %s is an error that says so", async (what, make, message) => {
  const path = what.includes("device") ? "/dev/null" : fresh("source");
  await make(path);
  const { code, err } = await siteAt(fresh("site")).publish(path);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  expect(err.split("\n")).toHaveLength(2);
});
