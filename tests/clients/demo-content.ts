/** The content of the demo, to compare with the content that a client has pulled. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ManifestKind } from "../../lib/core/media-types.ts";
import { buildDemo } from "../../lib/demo/demo.ts";

const { objects } = buildDemo("http://static.invalid");

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** @param path below the static host's `/static/` */
export function contentAt(path: string): Uint8Array {
  const object = objects.get(path);
  if (object === undefined) throw new Error(`the demo has no ${path}`);
  return object.bytes;
}

/** The one object whose path ends so, wherever it is. */
function contentNamed(end: string): Uint8Array {
  const path = [...objects.keys()].find((each) => each.endsWith(end));
  return contentAt(path ?? end);
}

/** A manifest of `demo/hello`, under both its names. */
export interface Published {
  readonly kind: ManifestKind;
  readonly tag: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

function published(kind: ManifestKind, tag: string): Published {
  const directory = `v2/demo-tree/manifests/${kind}/`;
  const bytes = contentAt(`${directory}${tag}`);
  const twin = [...objects].find(
    ([path, object]) => path.startsWith(`${directory}sha256:`) && Buffer.compare(object.bytes, bytes) === 0,
  );
  if (twin === undefined) throw new Error(`${tag} has no digest`);
  return { kind, tag, digest: twin[0].slice(directory.length), bytes };
}

/** A tag for each kind of manifest; the first is what `demo/hello` alone means to a client that takes them all. */
export const HELLO = {
  index: published("index", "latest"),
  list: published("list", "list"),
  schema2: published("2", "1.0"),
  oci: published("oci", "1.0-oci"),
  schema1: published("1", "old"),
};

interface Descriptor {
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
}

interface AnyManifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly fsLayers?: readonly { readonly blobSum: string }[];
  readonly manifests?: readonly Descriptor[];
}

const parse = (manifest: Uint8Array): AnyManifest => JSON.parse(new TextDecoder().decode(manifest));

const hexOf = (digest: string): string => digest.slice("sha256:".length);

/** Hexadecimal digests of the configuration and the layers of one image. */
export function blobsOf(image: Uint8Array): readonly string[] {
  const { config, layers = [], fsLayers = [] } = parse(image);
  const descriptors = config === undefined ? layers : [config, ...layers];
  return [...descriptors.map(({ digest }) => digest), ...fsLayers.map(({ blobSum }) => blobSum)].map(hexOf);
}

/** The manifests that a list names. */
export const imagesOf = (list: Uint8Array): readonly Uint8Array[] =>
  (parse(list).manifests ?? []).map(({ digest }) => contentNamed(`/${digest}`));

/** The one of them for an architecture. */
export function imageFor(architecture: string, list: Uint8Array): Uint8Array {
  const descriptor = parse(list).manifests?.find(({ platform }) => platform?.architecture === architecture);
  return contentNamed(`/${descriptor?.digest}`);
}

/** The expected `dir:` of skopeo after a copy of everything: the hash of each file by its name. */
export function expectedDirectory(manifest: Uint8Array): Readonly<Record<string, string>> {
  const images = imagesOf(manifest);
  const blobs = [manifest, ...images].flatMap(blobsOf);
  return Object.fromEntries([
    ["manifest.json", sha256(manifest)],
    ...images.map((image) => [`${sha256(image)}.manifest.json`, sha256(image)]),
    ...blobs.map((hex) => [hex, hex]),
  ]);
}

/** The hash of each file by its name. */
export function hashedFiles(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).filter((name) => name !== "version");
  return Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(directory, name)))]));
}

/** The metadata and the layer of an image of v1. */
export function v1Image(name: string, id: string): { readonly json: unknown; readonly layer: Uint8Array } {
  const directory = `v1/${name.replace("/", "-")}/${id}`;
  return {
    json: JSON.parse(new TextDecoder().decode(contentAt(`${directory}/json`))),
    layer: contentAt(`${directory}/layer`),
  };
}
