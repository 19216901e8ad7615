import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { scratch } from "../harness/craned.ts";
import { describeWith, succeed } from "../harness/programs.ts";
import { sha256 } from "../harness/redirect-files.ts";
import { type Descriptor, forPlatform, layoutAt, siteAt } from "./layouts.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);

const { fresh } = work;
const newLayout = () => layoutAt(fresh("layout"));

/** Steps with and without layers, and characters that JSON writes in several ways. */
const HISTORY = [
  { created: "2026-11-01T12:00:00Z", created_by: "ADD root.tar / # <&> \u2028 é", comment: "the base" },
  { created: "2026-11-01T12:00:01Z", created_by: "ENV A=1", empty_layer: true, author: "somebody" },
  { created: "2026-11-01T12:00:02Z", created_by: "COPY b /b" },
];

/** A step without a layer at the top, or one with. */
const CASES = [
  ["a layer at the top", HISTORY],
  ["an empty step at the top", [...HISTORY, { created: "2026-11-01T12:00:03Z", created_by: "CMD", empty_layer: true }]],
] as const;

function imageWith(history: readonly object[]) {
  const layout = newLayout();
  const texts = ["root", "b"];
  const config = layout.blob(
    "application/vnd.docker.container.image.v1+json",
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      created: "2026-11-01T12:00:03Z",
      config: { Cmd: ["/b", "<&>"], Env: ["A=1"] },
      rootfs: { type: "layers", diff_ids: texts.map(sha256) },
      history,
    }),
  );
  const layers = texts.map((text) => layout.blob("application/vnd.docker.image.rootfs.diff.tar.gzip", gzipSync(text)));
  const image = layout.manifest("2", { config, layers });
  return { layout, image, config, layers };
}

interface Schema1 {
  readonly fsLayers: readonly { readonly blobSum: string }[];
  readonly history: readonly { readonly v1Compatibility: string }[];
}

describeWith(["skopeo"], "the v1 half", () => {
  test.each(CASES)(
    "has the images that skopeo makes of schema 2 when it converts to schema 1, with %s",
    async (_, history) => {
      const { layout, image } = imageWith(history);
      layout.finish([["1.0", image]]);
      const site = siteAt(fresh("site"));
      await site.published(layout.path, "--v1");
      // skopeo's own layout reader takes OCI only; its "dir:" takes anything.
      const [source, converted] = [fresh("dir"), fresh("dir")];
      const at = (path: string) => readFileSync(join(site.content, "team-app", path));
      const parts = JSON.parse(at("manifests/2/1.0").toString());
      await succeed(["mkdir", source]);
      await Bun.write(join(source, "version"), "Directory Transport Version: 1.1\n");
      await Bun.write(join(source, "manifest.json"), at("manifests/2/1.0"));
      for (const { digest } of [parts.config, ...parts.layers] as readonly Descriptor[]) {
        await Bun.write(join(source, digest.slice(7)), at(`blobs/${digest}`));
      }
      await succeed(["skopeo", "copy", "-q", "--format", "v2s1", `dir:${source}`, `dir:${converted}`]);
      const expected: Schema1 = JSON.parse(readFileSync(join(converted, "manifest.json"), "utf8"));

      const described = expected.history.map(({ v1Compatibility }) => JSON.parse(v1Compatibility));
      const ids: readonly string[] = described.map(({ id }) => id);
      expect(site.redirectFile("v1")).toMatchObject({
        version: 1,
        "repo-registry-id": "team/app",
        images: ids.toSorted().map((id) => ({ id })),
        tags: { "1.0": ids[0] },
      });
      expect(ids.map((id) => JSON.parse(at(`${id}/json`).toString()))).toEqual(described);
      expect(ids.map((id) => sha256(at(`${id}/layer`)))).toEqual(expected.fsLayers.map(({ blobSum }) => blobSum));
      expect(ids.map((id) => JSON.parse(at(`${id}/ancestry`).toString()))).toEqual(
        ids.map((_id, place) => ids.slice(place)),
      );
    },
  );
});

test("a list is on v1 as its image for linux/amd64; the tag's own image goes before it", async () => {
  const layout = newLayout();
  const [arm, amd, own] = [layout.image("2", "arm"), layout.image("2", "amd"), layout.image("2", "own")];
  const list = layout.list("list", [forPlatform(arm, "arm64"), forPlatform(amd, "amd64")]);
  layout.finish([
    ["list", list],
    ["amd", amd],
    ["both", list],
    ["both", own],
    ["own", own],
    ["index", layout.list("index", [forPlatform(layout.image("oci", "amd"), "amd64")])],
  ]);
  const site = siteAt(fresh("site"));
  await site.published(layout.path, "--v1");
  const tags = site.redirectFile("v1")["tags"] as Readonly<Record<string, string>>;
  expect([tags["list"], tags["both"], tags["index"]]).toEqual([tags["amd"], tags["own"], tags["amd"]]);
  expect(tags["own"]).not.toBe(tags["amd"]);
});

test.each<[string, (layout: ReturnType<typeof newLayout>) => Descriptor, string]>([
  [
    "a layer that v1 clients can't read",
    (layout) => {
      const config = layout.blob("application/vnd.oci.image.config.v1+json", "{}");
      return layout.manifest("oci", {
        config,
        layers: [layout.blob("application/vnd.oci.image.layer.v1.tar+zstd", "z")],
      });
    },
    "clients of v1 read no layers of type application/vnd.oci.image.layer.v1.tar+zstd",
  ],
  [
    "a history of other layers",
    (layout) => {
      const config = layout.blob("application/vnd.oci.image.config.v1+json", '{"history":[{"empty_layer":true}]}');
      return layout.image("oci", "one layer", { config });
    },
    "the configuration of sha256:",
  ],
  [
    "no image",
    (layout) => layout.manifest("oci", { config: layout.blob("application/vnd.oci.empty.v1+json", "{}"), layers: [] }),
    "it is no image",
  ],
  [
    "a list without linux/amd64",
    (layout) => layout.list("list", [forPlatform(layout.image("2", "arm"), "arm64")]),
    "it is a list without an image for linux/amd64",
  ],
  [
    "a layer to be fetched elsewhere",
    (layout) => {
      const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
      const layers = [{ mediaType, digest: sha256("x"), size: 1, urls: ["https://example.com/x"] }];
      return layout.image("2", "windows", { layers });
    },
    "it has layers that v1 can't fetch elsewhere",
  ],
])("a tag with %s is not on v1, and a warning says why", async (_, make, why) => {
  const layout = newLayout();
  layout.finish([
    ["good", layout.image("2", "good")],
    ["odd", make(layout)],
  ]);
  const site = siteAt(fresh("site"));
  const { err } = await site.published(layout.path, "--v1");
  expect(err).toContain(`warning: the tag odd is not published on v1: ${why}`);
  expect(Object.keys(site.redirectFile("v1")["tags"] as object)).toEqual(["good"]);
});
