import { LIST, SCHEMA_2 } from "../harness/redirect-files.ts";
/**
 * Resolution read once more from its page, slowly, on the redirect file's own JSON: the twin that the real one is held
 * to. It shares no code with it, and must not.
 */

/** A redirect file of version 2 to 5, as JSON.parse gives it. */
export interface NaiveFile {
  readonly version: number;
  readonly schema1_data?: readonly string[];
  readonly schema2_data?: readonly string[];
  readonly manifest_list_data?: readonly string[];
  readonly manifest_list_amd64_tags?: Readonly<Record<string, readonly [digest: string, version: number]>>;
  readonly oci_manifest_data?: readonly string[];
  readonly oci_index_data?: readonly string[];
}

/** The media types that stand for each directory. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  index: ["application/vnd.oci.image.index.v1+json"],
  list: [LIST],
  oci: ["application/vnd.oci.image.manifest.v1+json"],
  "2": [SCHEMA_2],
  "1": [
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/json",
  ],
};

function amd64Of(file: NaiveFile, tag: string): readonly [string, number] | undefined {
  const map = file.manifest_list_amd64_tags ?? {};
  return Object.hasOwn(map, tag) ? map[tag] : undefined;
}

function naivelyBlind(file: NaiveFile, reference: string, header: string | undefined): string {
  if (file.version === 2) return `manifests/${reference}`;
  const schema2 = file.schema2_data ?? [];
  const lists = file.version === 4 ? (file.manifest_list_data ?? []) : [];
  if (schema2.length === 0 && lists.length === 0) return `manifests/1/${reference}`;
  const accept = (header ?? "").split(",").map((item) => item.replace(/;.*/s, "").trim());
  if (accept.includes(LIST) && lists.includes(reference)) return `manifests/list/${reference}`;
  const amd64 = file.version === 4 ? amd64Of(file, reference) : undefined;
  if (amd64 !== undefined) {
    const [digest, version] = amd64;
    if (accept.includes(SCHEMA_2)) return `manifests/${version}/${digest}`;
    if (version === 1) return `manifests/1/${digest}`;
    return `manifests/1/${reference}`;
  }
  if (accept.includes(SCHEMA_2) && schema2.includes(reference)) return `manifests/2/${reference}`;
  return `manifests/1/${reference}`;
}

/** What a header says of one directory's manifests: the most specific range that matches gives the q. */
function naiveQuality(header: string | undefined, directory: string): number {
  if (header === undefined) return directory === "1" ? 1 : 0;
  return naiveWeight(header, TYPES[directory] ?? [], "application/*");
}

/** The same of any media type. */
export function naiveQualityOf(header: string | undefined, mediaType: string): number {
  const directory = Object.keys(TYPES).find((each) => TYPES[each]?.includes(mediaType));
  if (directory !== undefined) return naiveQuality(header, directory);
  if (header === undefined) return 0;
  return naiveWeight(header, [mediaType.toLowerCase()], `${mediaType.toLowerCase().split("/")[0]}/*`);
}

function naiveWeight(header: string, types: readonly string[], family: string): number {
  const items = header.toLowerCase().split(",");
  const ranges = items.map((item) => {
    const [range = "", ...parameters] = item.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    return { range, q: q === undefined ? 1 : Number(q.slice("q=".length)) };
  });
  for (const names of [types, [family], ["*/*"]]) {
    const weights = ranges.filter(({ range }) => names.includes(range)).map(({ q }) => q);
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}

function naiveDigest(file: NaiveFile, digest: string): string | undefined {
  if (file.oci_index_data?.includes(digest)) return `manifests/index/${digest}`;
  if (file.manifest_list_data?.includes(digest)) return `manifests/list/${digest}`;
  if (file.oci_manifest_data?.includes(digest)) return `manifests/oci/${digest}`;
  if (file.schema2_data?.includes(digest)) return `manifests/2/${digest}`;
  if (file.schema1_data?.includes(digest)) return `manifests/1/${digest}`;
  const named = Object.values(file.manifest_list_amd64_tags ?? {});
  for (const version of [2, 1]) {
    if (named.some((amd64) => amd64[0] === digest && amd64[1] === version)) return `manifests/${version}/${digest}`;
  }
  return undefined;
}

function naiveTag(file: NaiveFile, tag: string, header: string | undefined): string | undefined {
  const candidates: [directory: string, reference: string][] = [];
  if (file.oci_index_data?.includes(tag)) candidates.push(["index", tag]);
  if (file.manifest_list_data?.includes(tag)) candidates.push(["list", tag]);
  const amd64 = amd64Of(file, tag);
  if (amd64 !== undefined) candidates.push([String(amd64[1]), amd64[0]]);
  if (file.oci_manifest_data?.includes(tag)) candidates.push(["oci", tag]);
  if (file.schema2_data?.includes(tag)) candidates.push(["2", tag]);
  if (file.schema1_data?.includes(tag)) candidates.push(["1", tag]);
  const weighed = candidates
    .map(([directory, reference]) => ({ directory, reference, q: naiveQuality(header, directory) }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  const [best] = weighed;
  return best === undefined ? undefined : `manifests/${best.directory}/${best.reference}`;
}

/**
 * @param header all Accept lines joined by commas, with well-formed q values only
 * @returns the path below the url, or undefined for MANIFEST_UNKNOWN
 */
export function naivelyResolve(file: NaiveFile, reference: string, header: string | undefined): string | undefined {
  if (file.version !== 5) return naivelyBlind(file, reference, header);
  return reference.includes(":") ? naiveDigest(file, reference) : naiveTag(file, reference, header);
}
