import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { jsonBytes } from "./blob.ts";
import type { Artifact, DemoManifest } from "./manifest.ts";
import { type DemoV1Image, lineageOf } from "./v1-image.ts";

/** A file of the static host. */
export interface StaticObject {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** One repository on one API, ready to be served. */
export interface PublishedRepository {
  /** The redirect file without its url, which is for the host to say. */
  readonly redirectFile: Readonly<Record<string, unknown>>;
  /** By path below the url. */
  readonly objects: ReadonlyMap<string, StaticObject>;
}

/** A file of JSON. */
export const json = (value: unknown): StaticObject => ({ contentType: "application/json", bytes: jsonBytes(value) });

/** A file of bytes whose type does not matter. */
export const octets = (bytes: Uint8Array): StaticObject => ({ contentType: "application/octet-stream", bytes });

/**
 * Lays out a v1 repository.
 *
 * @param tags tag → image; whatever an image stands on is published with it
 */
export function publishV1(
  name: string,
  repository: string,
  tags: Readonly<Record<string, DemoV1Image>>,
): PublishedRepository {
  const images = new Map(
    Object.values(tags)
      .flatMap(lineageOf)
      .map((image) => [image.id, image]),
  );
  const objects = new Map<string, StaticObject>();
  for (const [id, image] of images) {
    objects.set(`${id}/ancestry`, json(lineageOf(image).map((each) => each.id)));
    objects.set(`${id}/json`, json(image.description));
    objects.set(`${id}/layer`, octets(image.layer.blob.bytes));
  }
  const redirectFile = {
    type: "pulp-docker-redirect",
    version: 1,
    repository,
    "repo-registry-id": name,
    protected: false,
    images: [...images.keys()].map((id) => ({ id })),
    tags: Object.fromEntries(Object.entries(tags).map(([tag, image]) => [tag, image.id])),
  };
  return { redirectFile, objects };
}

/** The manifest and those of the images that it lists. */
export const withImages = (manifest: DemoManifest): readonly DemoManifest[] => [
  manifest,
  ...Object.values(manifest.images ?? {}),
];

/** The manifest that old clients get for the tag of a list. */
function amd64Tags(tagged: readonly (readonly [string, DemoManifest])[]): Readonly<Record<string, unknown>> {
  const entries = tagged.flatMap(([tag, { kind, images }]) => {
    const image = kind === "list" ? images?.amd64 : undefined;
    return image === undefined ? [] : [[tag, [image.digest, 2]]];
  });
  return Object.fromEntries(entries);
}

/** The referrers of each subject, as its descriptors. */
function referrersOf(artifacts: ReadonlyMap<DemoManifest, readonly Artifact[]>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...artifacts].map(([subject, referrers]) => [subject.digest, referrers.map(({ descriptor }) => descriptor)]),
  );
}

/**
 * Lays out a v2 repository as Pulp does, with a version 5 file, which lists all references.
 *
 * @param tagged tag and manifest; a tag may have one manifest of each kind
 * @param artifacts the artifacts that refer to some of these manifests
 */
export function publishTree(
  name: string,
  repository: string,
  tagged: readonly (readonly [tag: string, manifest: DemoManifest])[],
  artifacts: ReadonlyMap<DemoManifest, readonly Artifact[]> = new Map(),
): PublishedRepository {
  const objects = new Map<string, StaticObject>();
  const references: Record<ManifestKind, Set<string>> = {
    "1": new Set(),
    "2": new Set(),
    list: new Set(),
    oci: new Set(),
    index: new Set(),
  };
  const publish = (reference: string, { kind, bytes, blobs }: DemoManifest) => {
    references[kind].add(reference);
    objects.set(`manifests/${kind}/${reference}`, { contentType: MEDIA_TYPE[kind], bytes });
    for (const blob of blobs) objects.set(`blobs/${blob.digest}`, octets(blob.bytes));
  };
  for (const [tag, manifest] of tagged) {
    publish(tag, manifest);
    for (const each of withImages(manifest)) publish(each.digest, each);
  }
  for (const { manifest } of [...artifacts.values()].flat()) publish(manifest.digest, manifest);
  const tags = [...new Set(tagged.map(([tag]) => tag))].sort();
  objects.set("tags/list", json({ name, tags }));

  const redirectFile = {
    type: "pulp-docker-redirect",
    version: 5,
    repository,
    "repo-registry-id": name,
    protected: false,
    schema1_data: [...references["1"]],
    schema2_data: [...references["2"]],
    manifest_list_data: [...references.list],
    manifest_list_amd64_tags: amd64Tags(tagged),
    oci_manifest_data: [...references.oci],
    oci_index_data: [...references.index],
    referrers: referrersOf(artifacts),
  };
  return { redirectFile, objects };
}
