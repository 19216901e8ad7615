/** Writes OCI image layouts and docker-archives by hand, so that every byte of them is known. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type ManifestKind, MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { runCraned } from "../harness/craned.ts";
import type { Ran } from "../harness/programs.ts";
import { sha256 } from "../harness/redirect-files.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [more: string]: unknown;
}

/** A layout in the making. */
export interface Layout {
  readonly path: string;
  /** Adds a blob. */
  readonly blob: (mediaType: string, content: Uint8Array | string, more?: object) => Descriptor;
  /** Adds a manifest of any content. */
  readonly manifest: (kind: ManifestKind, content: object, more?: object) => Descriptor;
  /** Adds an image with one layer of this text. */
  readonly image: (kind: "2" | "oci", text: string, more?: object) => Descriptor;
  /** Adds a list of manifests. */
  readonly list: (kind: "list" | "index", manifests: readonly Descriptor[], more?: object) => Descriptor;
  /** Writes `index.json`: names and what they stand for; a nameless one has an empty name. */
  readonly finish: (images: readonly (readonly [name: string, root: Descriptor])[]) => Layout;
  readonly fileOf: (descriptor: Descriptor) => string;
}

const TYPES = {
  "2": {
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
  oci: { config: "application/vnd.oci.image.config.v1+json", layer: "application/vnd.oci.image.layer.v1.tar+gzip" },
};

export function layoutAt(path: string): Layout {
  const put = (name: string, content: Uint8Array | string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  };
  const layout: Layout = {
    path,
    blob(mediaType, content, more = {}) {
      const bytes = Buffer.from(content);
      const digest = sha256(bytes);
      put(`blobs/${digest.replace(":", "/")}`, bytes);
      return { mediaType, digest, size: bytes.length, ...more };
    },
    manifest(kind, content, more = {}) {
      const mediaType = MEDIA_TYPE[kind];
      return layout.blob(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, ...content }), more);
    },
    image(kind, text, more = {}) {
      const config = layout.blob(TYPES[kind].config, configOf([text], "amd64"));
      const layers = [layout.blob(TYPES[kind].layer, gzipSync(text))];
      return layout.manifest(kind, { config, layers, ...more });
    },
    list: (kind, manifests, more = {}) => layout.manifest(kind, { manifests, ...more }),
    finish(images) {
      const manifests = images.map(([name, root]) =>
        name === "" ? root : { ...root, annotations: { "org.opencontainers.image.ref.name": name } },
      );
      put("index.json", JSON.stringify({ schemaVersion: 2, manifests }));
      put("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
      return layout;
    },
    fileOf: ({ digest }) => join(path, "blobs", digest.replace(":", "/")),
  };
  return layout;
}

/** A configuration for uncompressed layers. */
export const configOf = (layers: readonly (Uint8Array | string)[], architecture: string): string =>
  JSON.stringify({
    architecture,
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(sha256) },
    history: layers.map((_, at) => ({ created: "2026-11-01T12:00:00Z", created_by: `COPY layer ${at}` })),
  });

export const forPlatform = (descriptor: Descriptor, architecture: string): Descriptor => ({
  ...descriptor,
  platform: { os: "linux", architecture },
});

/** Every file below a directory, but for what publishing keeps to itself: the hash of its bytes by its path. */
export function filesBelow(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  const isOwn = (name: string) => name === ".craned" || name.includes(".craned/");
  const files = names.filter((name) => !isOwn(name) && statSync(join(directory, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, sha256(readFileSync(join(directory, name)))]));
}

/** Where a test publishes to. */
export interface Site {
  readonly content: string;
  readonly metadata: string;
  /** Publishes as team/app unless told otherwise. */
  readonly publish: (source: string, ...more: readonly string[]) => Promise<Ran>;
  /** The same, when it has to succeed. */
  readonly published: (source: string, ...more: readonly string[]) => Promise<Ran>;
  readonly redirectFile: (api?: "v1" | "v2") => Record<string, unknown>;
  /** What each tag means, whatever the version of the redirect file. */
  readonly tags: () => Readonly<Record<string, readonly string[]>>;
  /** Paths of the repository's tree with their hashes. */
  readonly tree: () => Readonly<Record<string, string>>;
}

/** The arguments of a publish. */
export const publishArguments = (
  directory: string,
  source: string,
  more: readonly string[],
  version: 5 | 6 = 5,
): readonly string[] => [
  "publish",
  source,
  ...["--content", join(directory, "content"), "--metadata", join(directory, "metadata")],
  ...(more.includes("--name") ? [] : ["--name", "team/app"]),
  ...(more.includes("--url") ? [] : ["--url", "https://cdn.example/files"]),
  ...more,
  ...(version === 5 ? ["--redirect-version", "5"] : []),
];

/** What each tag of a version 5 tree means: the digests of its entries. */
function tagsOfTree(
  file: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> {
  const listed = new Set(Object.values(file).flat());
  const entries = Object.entries(files).flatMap(([path, digest]) => {
    const tag = /^manifests\/[^/]+\/([^:/]+)$/.exec(path)?.[1];
    return tag === undefined || !listed.has(tag) ? [] : [{ tag, digest }];
  });
  const byTag = Object.entries(Object.groupBy(entries, ({ tag }) => tag));
  return Object.fromEntries(byTag.map(([tag, each = []]) => [tag, each.map(({ digest }) => digest)]));
}

/** @param version of its redirect file; 6 is what publish writes unless told otherwise */
export function siteAt(directory: string, version: 5 | 6 = 5): Site {
  const content = join(directory, "content");
  const metadata = join(directory, "metadata");
  const publish: Site["publish"] = (source, ...more) => runCraned(publishArguments(directory, source, more, version));
  const site: Site = {
    content,
    metadata,
    publish,
    async published(source, ...more) {
      const ran = await publish(source, ...more);
      if (ran.code !== 0) throw new Error(`publish ended with ${ran.code}:\n${ran.err}`);
      return ran;
    },
    redirectFile: (api = "v2") => JSON.parse(readFileSync(join(metadata, api, "team-app.json"), "utf8")),
    tags() {
      const file = site.redirectFile();
      const { tags } = file;
      if (tags === undefined) return tagsOfTree(file, site.tree());
      return Object.fromEntries(Object.entries(tags as object).map(([tag, digests]) => [tag, [digests].flat()]));
    },
    tree: () => filesBelow(join(content, "team-app")),
  };
  return site;
}
