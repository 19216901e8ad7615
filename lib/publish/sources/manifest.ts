/** Manifests as publishing needs them: what kind, and what they lead to. */
import * as v from "valibot";
import { type ManifestKind, MEDIA_TYPE } from "../../core/media-types.ts";
import type { Digest } from "../../core/reference.ts";
import { digestField, fields, listOf, optional, readJson, sizeField } from "../json-file.ts";
import { broken } from "../publish-error.ts";

const text = v.string("a string");
/** Of annotations; tools of Go write `null` for an empty text. */
const texts = v.record(text, v.nullish(text, ""), "an object of strings");

/** A media type; tools that do not know it leave it out, or empty. */
export const typeField = v.nullish(text, "");

/** The system that an image runs on. */
export interface Platform {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
}

export const platformFields = fields({
  os: optional(text),
  architecture: optional(text),
  variant: optional(text),
  "os.version": optional(text),
  "os.features": optional(v.array(text, "an array of strings")),
});

export const platformField = optional(platformFields);

export const descriptor = fields({
  mediaType: typeField,
  digest: digestField,
  size: sizeField,
  urls: optional(v.array(text, "an array of URLs")),
  annotations: optional(texts),
  platform: platformField,
});

/** Points at a manifest or a blob; a size that is not known is undefined. */
export interface Descriptor {
  /** Empty where it is not known. */
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number | undefined;
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: Platform | undefined;
}

/** A manifest, read. */
export interface Manifest {
  readonly kind: ManifestKind;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** The descriptors in a list or an index, in its order; empty for other kinds. */
  readonly children: readonly Descriptor[];
  /** Configuration and layers, in that order. */
  readonly blobs: readonly Descriptor[];
  readonly config: Descriptor | undefined;
  /** The layers of an image, the lowest first. */
  readonly layers: readonly Descriptor[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const ociParts = {
  mediaType: typeField,
  artifactType: optional(text),
  annotations: optional(texts),
  subject: optional(fields({ digest: digestField })),
};

const imageManifest = fields({
  ...ociParts,
  config: descriptor,
  layers: listOf(descriptor, "an array of descriptors"),
});

const imageIndex = fields({ ...ociParts, manifests: listOf(descriptor, "an array of descriptors") });

const schema1 = fields({
  fsLayers: v.array(fields({ blobSum: digestField }), "an array of layers"),
  signatures: v.array(v.unknown(), "an array of signatures"),
});

const KIND_OF: ReadonlyMap<string, ManifestKind> = new Map(
  (["1", "2", "list", "oci", "index"] as const).map((kind) => [MEDIA_TYPE[kind], kind]),
);

/** @returns the kind that a media type stands for; undefined for what is no manifest, or none that is published */
export const kindOfType = (mediaType: string): ManifestKind | undefined => KIND_OF.get(mediaType);

const FOREIGN = /\.foreign\.|\.nondistributable\./;

/** Layers that may not be handed on: clients fetch them from the URLs in their descriptor. */
export const isForeign = ({ mediaType, urls }: Descriptor): boolean =>
  FOREIGN.test(mediaType) && urls !== undefined && urls.length > 0;

/** Layers of schema 1 are known by their digest alone. */
const layerOfSchema1 = ({ blobSum }: { readonly blobSum: Digest }): Descriptor => ({
  mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  digest: blobSum,
  size: undefined,
});

const NOTHING = { children: [], blobs: [], config: undefined, layers: [], subject: undefined } as const;

/**
 * Reads the bytes of a manifest; that they have this digest is verified already.
 *
 * @param file what the bytes are called in the error
 * @throws {PublishError} when it is not a manifest of this kind
 */
export function readManifest(kind: ManifestKind, digest: Digest, bytes: Uint8Array, file: string): Manifest {
  const self = { kind, digest, bytes };
  if (kind === "1") {
    const layers = readJson(schema1, bytes, file).fsLayers.map(layerOfSchema1).toReversed();
    return { ...self, ...NOTHING, blobs: layers, layers, artifactType: undefined, annotations: undefined };
  }
  const isList = kind === "list" || kind === "index";
  const content = isList ? readJson(imageIndex, bytes, file) : readJson(imageManifest, bytes, file);
  if (content.mediaType !== "" && content.mediaType !== MEDIA_TYPE[kind]) {
    throw broken(file, "mediaType", MEDIA_TYPE[kind], content.mediaType);
  }
  const common = {
    ...self,
    subject: content.subject?.digest,
    artifactType: content.artifactType === "" ? undefined : content.artifactType,
    annotations: content.annotations,
  };
  if ("manifests" in content) return { ...NOTHING, ...common, children: content.manifests };
  const { config, layers } = content;
  return { ...common, children: [], blobs: [config, ...layers], config, layers };
}
