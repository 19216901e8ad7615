/**
 * Everything that a version 6 file says of manifests, tags and blobs, in columns: an object for each would cost several
 * times the memory. It holds plain values only, so that one thread can send it to another.
 */
import { MEDIA_TYPE } from "../media-types.ts";
import type { Digest, Reference, Tag } from "../reference.ts";
import { findSorted } from "./sorted.ts";

/** A manifest or an embedded config. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** Undefined where the file has a descriptor without `data`. */
  readonly bytes: Uint8Array | undefined;
}

export interface WholeTable {
  /** Five sorted groups, in this order: tags, manifests, embedded configs, other blobs, subjects of referrers. */
  readonly names: readonly Reference[];
  readonly tagCount: number;
  readonly manifestCount: number;
  readonly configCount: number;
  readonly blobCount: number;
  readonly mediaTypes: readonly string[];
  /** Sizes of manifests, configs and blobs; -1 where unknown. */
  readonly sizes: Float64Array;
  /**
   * For each manifest and config: index of its media type, of its chunk, offset in the chunk, creation date in seconds
   * (0 where unknown). For each tag: the end of its manifests in the part that follows. Then the manifests of tags, and
   * for each subject its referrer.
   */
  readonly places: Uint32Array;
  /** The bytes of manifests and configs, many in each. */
  readonly chunks: readonly Uint8Array[];
  /** False where a manifest is without data, which may name blobs that nothing else names. */
  readonly knowsAllBlobs: boolean;
}

/** The parts of a table. */
export interface WholeContent {
  /** The manifests of each tag, the preferred one first. */
  readonly tags: ReadonlyMap<Tag, readonly Digest[]>;
  readonly manifests: readonly StoredManifest[];
  readonly configs: readonly StoredManifest[];
  /** Creation dates of manifests, in ms since 1970. */
  readonly created: ReadonlyMap<Digest, number>;
  readonly blobs: ReadonlyMap<Digest, number | undefined>;
  readonly referrers: readonly { readonly subject: Digest; readonly manifest: Digest }[];
  readonly knowsAllBlobs: boolean;
}

// Shared chunks stay in memory as long as one of their manifests is in use, so they are small; an array costs as much
// as a few manifests may, so they hold many.
const CHUNK_BYTES = 32 * 1024;

const NO_CHUNK = 0xffffffff;
const PLACE_LENGTH = 4;
const UNKNOWN_SIZE = -1;

/** The place of bytes. */
export interface Location {
  readonly chunk: Uint8Array;
  readonly offset: number;
}

/** Copies byte arrays into chunks. @returns where each of them is */
export function pack(parts: readonly Uint8Array[]): readonly Location[] {
  const locations: Location[] = [];
  let from = 0;
  let length = 0;
  const close = (end: number): void => {
    const chunk = new Uint8Array(length);
    let offset = 0;
    for (const part of parts.slice(from, end)) {
      chunk.set(part, offset);
      locations.push({ chunk, offset });
      offset += part.length;
    }
    [from, length] = [end, 0];
  };
  parts.forEach((part, at) => {
    if (length + part.length > CHUNK_BYTES) close(at);
    length += part.length;
  });
  close(parts.length);
  return locations;
}

/** Lists chunks, each once, in the order of their first use. */
function chunkList() {
  const indexes = new Map<Uint8Array, number>();
  return {
    indexOf(chunk: Uint8Array): number {
      const index = indexes.get(chunk) ?? indexes.size;
      indexes.set(chunk, index);
      return index;
    },
    list: (): readonly Uint8Array[] => [...indexes.keys()],
  };
}

/** The types that most files have, so that not each keeps its own copy of their names. */
const USUAL_TYPES = new Map(
  [
    ...Object.values(MEDIA_TYPE),
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
  ].map((type) => [type, type]),
);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Arranges what a file says in columns. */
export function createTable(content: WholeContent): WholeTable {
  const byDigest = (a: StoredManifest, b: StoredManifest) => compare(a.digest, b.digest);
  const manifests = content.manifests.toSorted(byDigest);
  const configs = content.configs.toSorted(byDigest);
  const configDigests = new Set(configs.map(({ digest }) => digest));
  const blobs = [...content.blobs.keys()].filter((digest) => !configDigests.has(digest)).sort();
  const tags = [...content.tags.keys()].sort();
  const referrers = content.referrers.toSorted(
    (a, b) => compare(a.subject, b.subject) || compare(a.manifest, b.manifest),
  );
  const stored = [...manifests, ...configs];
  const packed = pack(stored.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes])));
  const indexOf = new Map(manifests.map(({ digest }, index) => [digest, index]));
  const mediaTypes = [...new Set(stored.map(({ mediaType }) => USUAL_TYPES.get(mediaType) ?? mediaType))];
  const typeIndex = new Map(mediaTypes.map((mediaType, index) => [mediaType, index]));

  const chunks = chunkList();
  const numbers: number[] = [];
  let next = 0;
  for (const { digest, mediaType, bytes } of stored) {
    const location = bytes === undefined ? undefined : packed[next++];
    const chunk = location === undefined ? NO_CHUNK : chunks.indexOf(location.chunk);
    const created = Math.floor((content.created.get(digest) ?? 0) / 1000);
    numbers.push(typeIndex.get(mediaType) ?? 0, chunk, location?.offset ?? 0, created);
  }
  const targets = tags.map((tag) => content.tags.get(tag)?.map((digest) => indexOf.get(digest) ?? 0) ?? []);
  let end = 0;
  for (const { length } of targets) {
    end += length;
    numbers.push(end);
  }
  for (const each of targets) for (const target of each) numbers.push(target);
  for (const { manifest } of referrers) numbers.push(indexOf.get(manifest) ?? 0);

  const sizes = new Float64Array(stored.length + blobs.length);
  stored.forEach(({ size }, at) => {
    sizes[at] = size;
  });
  blobs.forEach((digest, at) => {
    sizes[stored.length + at] = content.blobs.get(digest) ?? UNKNOWN_SIZE;
  });
  return {
    names: [...tags, ...stored.map(({ digest }) => digest), ...blobs, ...referrers.map(({ subject }) => subject)],
    tagCount: tags.length,
    manifestCount: manifests.length,
    configCount: configs.length,
    blobCount: blobs.length,
    mediaTypes,
    sizes,
    places: Uint32Array.from(numbers),
    chunks: chunks.list(),
    knowsAllBlobs: content.knowsAllBlobs,
  };
}

const storedCount = ({ manifestCount, configCount }: WholeTable): number => manifestCount + configCount;

/** @returns where the bytes of a manifest or config are; undefined when it has none */
export function locationAt({ places, chunks }: WholeTable, index: number): Location | undefined {
  const chunk = chunks[places[index * PLACE_LENGTH + 1] ?? NO_CHUNK];
  return chunk === undefined ? undefined : { chunk, offset: places[index * PLACE_LENGTH + 2] ?? 0 };
}

/** The same table with bytes elsewhere. @param locations of all manifests and configs that have bytes */
export function relocated(table: WholeTable, locations: readonly (Location | undefined)[]): WholeTable {
  const places = table.places.slice();
  const chunks = chunkList();
  locations.forEach((location, index) => {
    if (location !== undefined) places.set([chunks.indexOf(location.chunk), location.offset], index * PLACE_LENGTH + 1);
  });
  return { ...table, places, chunks: chunks.list() };
}

/** @param index of a manifest, or of a config beyond the manifests */
export function storedAt(table: WholeTable, index: number): StoredManifest {
  const { names, tagCount, mediaTypes, sizes, places } = table;
  const size = sizes[index] ?? 0;
  const location = locationAt(table, index);
  return {
    digest: names[tagCount + index] as Digest,
    mediaType: mediaTypes[places[index * PLACE_LENGTH] ?? 0] ?? "",
    size,
    bytes: location?.chunk.subarray(location.offset, location.offset + size),
  };
}

/** Looks a digest up in one group of the names. @returns the index counted from the first manifest */
function indexIn(table: WholeTable, digest: Digest, first: number, count: number): number | undefined {
  const from = table.tagCount + first;
  const at = findSorted(table.names, digest, from, from + count);
  return at === undefined ? undefined : at - table.tagCount;
}

/** @returns the manifest with that digest */
export function manifestOf(table: WholeTable, digest: Digest): StoredManifest | undefined {
  const index = indexIn(table, digest, 0, table.manifestCount);
  return index === undefined ? undefined : storedAt(table, index);
}

/** @returns the embedded config with that digest */
export function configOf(table: WholeTable, digest: Digest): StoredManifest | undefined {
  const index = indexIn(table, digest, table.manifestCount, table.configCount);
  return index === undefined ? undefined : storedAt(table, index);
}

/** @returns the size of a blob, if that is known; undefined when no manifest names the blob */
export function blobOf(table: WholeTable, digest: Digest): { readonly size: number | undefined } | undefined {
  const index = indexIn(table, digest, storedCount(table), table.blobCount);
  if (index === undefined) return undefined;
  const size = table.sizes[index];
  return { size: size === UNKNOWN_SIZE ? undefined : size };
}

function createdAt({ places }: WholeTable, index: number): number | undefined {
  const seconds = places[index * PLACE_LENGTH + 3] ?? 0;
  return seconds === 0 ? undefined : seconds * 1000;
}

/** @returns when a manifest was made, in ms since 1970; undefined where that is unknown */
export function createdOf(table: WholeTable, digest: Digest): number | undefined {
  const index = indexIn(table, digest, 0, table.manifestCount);
  return index === undefined ? undefined : createdAt(table, index);
}

/** @param at index of the tag */
function targetsOf(table: WholeTable, at: number): Uint32Array {
  const { tagCount, places } = table;
  const ends = storedCount(table) * PLACE_LENGTH;
  const from = at === 0 ? 0 : (places[ends + at - 1] ?? 0);
  return places.subarray(ends + tagCount + from, ends + tagCount + (places[ends + at] ?? 0));
}

/** @returns the manifests of a tag, the preferred one first; none when there is no such tag */
export function manifestsOfTag(table: WholeTable, tag: Tag): readonly StoredManifest[] {
  const at = findSorted(table.names, tag, 0, table.tagCount);
  return at === undefined ? [] : Array.from(targetsOf(table, at), (index) => storedAt(table, index));
}

/** @returns when the preferred manifest of each tag was made, in the order of the tags */
export const createdOfTags = (table: WholeTable): readonly (number | undefined)[] =>
  Array.from({ length: table.tagCount }, (_, at) => createdAt(table, targetsOf(table, at)[0] ?? 0));

/** @returns the manifests whose subject is that digest, in the order of their digests */
export function manifestsWithSubject(table: WholeTable, subject: Digest): readonly StoredManifest[] {
  const { names, tagCount, blobCount, places } = table;
  const subjects = tagCount + storedCount(table) + blobCount;
  const found = findSorted(names, subject, subjects, names.length);
  if (found === undefined) return [];
  let from = found;
  while (from > subjects && names[from - 1] === subject) from--;
  let end = found + 1;
  while (names[end] === subject) end++;
  // The referrers are the last of the places, one for each of the last names.
  const shift = places.length - names.length;
  return Array.from(places.subarray(from + shift, end + shift), (index) => storedAt(table, index));
}
