/**
 * The media types of manifests, and what an Accept header says of them.
 *
 * @see RFC 9110 section 12.5.1
 */

import { trimmed } from "./white-space.ts";
/** The directories that a published tree keeps its manifests in, by type. */
export type ManifestKind = "1" | "2" | "list" | "oci" | "index";

/** The media type that the static host must send for each kind. */
export const MEDIA_TYPE: Readonly<Record<ManifestKind, string>> = {
  "1": "application/vnd.docker.distribution.manifest.v1+prettyjws",
  "2": "application/vnd.docker.distribution.manifest.v2+json",
  list: "application/vnd.docker.distribution.manifest.list.v2+json",
  oci: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
};

/** Schema 1 without signatures. */
export const UNSIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";

const KIND_OF: ReadonlyMap<string, ManifestKind> = new Map<string, ManifestKind>([
  [MEDIA_TYPE["1"], "1"],
  [UNSIGNED_SCHEMA_1, "1"],
  [MEDIA_TYPE["2"], "2"],
  [MEDIA_TYPE.list, "list"],
  [MEDIA_TYPE.oci, "oci"],
  [MEDIA_TYPE.index, "index"],
]);

/** @returns the kind of manifest that a media type names; undefined for every other type */
export const kindOf = (mediaType: string): ManifestKind | undefined => KIND_OF.get(mediaType);

/** The Accept header of one request, parsed once. */
export interface Accept {
  /** As Crane 3.3.1 reads it: the type is written out, to the letter. */
  readonly names: { readonly list: boolean; readonly schema2: boolean };
  /** As RFC 9110 reads it: 0 (not acceptable) to 1, for each kind. */
  readonly quality: Readonly<Record<ManifestKind, number>>;
  /** The media ranges in lower case, each with its weight. */
  readonly weights: ReadonlyMap<string, number>;
}

const SCHEMA_1_TYPES: readonly string[] = [MEDIA_TYPE["1"], UNSIGNED_SCHEMA_1, "application/json"];

/** A docker older than 1.10 sends no Accept header, and reads schema 1 only. */
const NO_ACCEPT_HEADER: Accept = {
  names: { list: false, schema2: false },
  quality: { "1": 1, "2": 0, list: 0, oci: 0, index: 0 },
  weights: new Map(),
};

// Clients name a dozen ranges. A header of 100 KB full of them would delay other requests, so the rest is not read.
const MAX_RANGES = 256;
/** Parts of a range, its type included. */
const MAX_PARTS = 16;

/** The weight of a media range: 1 unless a well-formed q says less. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (trimmed(name).toLowerCase() !== "q") continue;
    return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(trimmed(value)) ? Number(value) : 1;
  }
  return 1;
}

/** Media ranges in lower case, each with the highest weight given to it. */
export function weighRanges(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.split(",", MAX_RANGES)) {
    const [range = "", ...parameters] = item.split(";", MAX_PARTS);
    const name = trimmed(range).toLowerCase();
    if (name !== "") weights.set(name, Math.max(weights.get(name) ?? 0, weightOf(parameters)));
  }
  return weights;
}

// The most specific range that matches gives the weight: the type itself, then its family, then everything.
function qualityOf(types: readonly string[], weights: ReadonlyMap<string, number>): number {
  const exact = types.map((type) => weights.get(type)).filter((weight) => weight !== undefined);
  if (exact.length > 0) return Math.max(...exact);
  return weights.get("application/*") ?? weights.get("*/*") ?? 0;
}

/**
 * Parses an Accept header in the two ways that the versions of redirect files need.
 *
 * @param header all Accept lines joined by commas; absent or empty means an old docker
 */
export function parseAccept(header: string | undefined): Accept {
  if (header === undefined || trimmed(header) === "") return NO_ACCEPT_HEADER;
  const names = new Set(header.split(",", MAX_RANGES).map((item) => trimmed(item.split(";", 1)[0] ?? "")));
  const weights = weighRanges(header);
  return {
    names: { list: names.has(MEDIA_TYPE.list), schema2: names.has(MEDIA_TYPE["2"]) },
    quality: {
      "1": qualityOf(SCHEMA_1_TYPES, weights),
      "2": qualityOf([MEDIA_TYPE["2"]], weights),
      list: qualityOf([MEDIA_TYPE.list], weights),
      oci: qualityOf([MEDIA_TYPE.oci], weights),
      index: qualityOf([MEDIA_TYPE.index], weights),
    },
    weights,
  };
}

/** The weight that a client gives to a media type, from 0 (not acceptable) to 1. */
export function weightOfType({ quality, weights }: Accept, mediaType: string): number {
  const kind = kindOf(mediaType);
  if (kind !== undefined) return quality[kind];
  const type = mediaType.toLowerCase();
  const family = `${type.slice(0, type.indexOf("/"))}/*`;
  return weights.get(type) ?? weights.get(family) ?? weights.get("*/*") ?? 0;
}
