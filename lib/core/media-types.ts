/**
 * The media types of manifests, and what an Accept header says of them.
 *
 * @see RFC 9110 section 12.5.1
 */

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

/** What one request accepts: parsed once, asked often. */
export interface Accept {
  /** As Crane 3.3.1 read it: the type is written out, to the letter. */
  readonly names: { readonly list: boolean; readonly schema2: boolean };
  /** As RFC 9110 reads it: 0 (not acceptable) to 1, for each kind. */
  readonly quality: Readonly<Record<ManifestKind, number>>;
}

const SCHEMA_1_TYPES: readonly string[] = [
  MEDIA_TYPE["1"],
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/json",
];

/** A docker older than 1.10 sends no Accept header, and reads schema 1 only. */
const NO_ACCEPT_HEADER: Accept = {
  names: { list: false, schema2: false },
  quality: { "1": 1, "2": 0, list: 0, oci: 0, index: 0 },
};

// Clients name a dozen ranges. Whoever fills 100 KB with them would keep others waiting: what is beyond is not read.
const MAX_RANGES = 256;
/** Of a range, its type among them. */
const MAX_PARTS = 16;

/** The weight of a media range: 1 unless a well-formed q says less. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim().toLowerCase() !== "q") continue;
    return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(value.trim()) ? Number(value) : 1;
  }
  return 1;
}

/** Media ranges in lower case, each with the highest weight given to it. */
export function weighRanges(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.split(",", MAX_RANGES)) {
    const [range = "", ...parameters] = item.split(";", MAX_PARTS);
    const name = range.trim().toLowerCase();
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
 * Reads an Accept header in both ways that the versions of redirect files ask for.
 *
 * @param header all Accept lines joined by commas; absent or empty means an old docker
 */
export function parseAccept(header: string | undefined): Accept {
  if (header === undefined || header.trim() === "") return NO_ACCEPT_HEADER;
  const names = new Set(header.split(",", MAX_RANGES).map((item) => (item.split(";", 1)[0] ?? "").trim()));
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
  };
}
