/**
 * Everything that a version 6 file says of manifests, tags and blobs, in columns: an object for each would cost several
 * times the memory. It holds plain values only, so that one thread can send it to another.
 */
import { MEDIA_TYPE } from "../media-types.ts";
import type { Digest, Tag } from "../reference.ts";
import { countOf, type Digests, digestAt, findDigest, packDigests } from "./digests.ts";
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
  /** Sorted. */
  readonly tags: readonly Tag[];
  /** Four sorted groups, in this order: manifests, embedded configs, other blobs, subjects of referrers. */
  readonly digests: Digests;
  readonly manifestCount: number;
  readonly configCount: number;
  readonly blobCount: number;
  /** Media types beyond the usual ones. */
  readonly mediaTypes: readonly string[];
  /**
   * For each manifest, config and blob: its size, in two words. For each manifest and config: number of its media type,
   * index of its chunk, offset in the chunk, creation date in seconds (0 where unknown). For each tag: the end of its
   * manifests in the part that follows. Then the manifests of tags, and for each subject its referrer.
   */
  readonly words: Uint32Array;
  /** The bytes of manifests and configs, many in each. A list of one is the chunk itself: most repositories are small. */
  readonly chunks: Uint8Array | readonly Uint8Array[];
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
}

// Shared chunks stay in memory as long as one of their manifests is in use, so they are small; an array costs as much
// as a few manifests may, so they hold many.
const CHUNK_BYTES = 32 * 1024;

const NO_CHUNK = 0xffffffff;
const SIZE_LENGTH = 2;
const PLACE_LENGTH = 4;
const WORD = 2 ** 32;
/** Of which no size has so many. */
const UNKNOWN_HIGH = WORD - 1;

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
    list: (): WholeTable["chunks"] => {
      const [first, ...others] = indexes.keys();
      return first !== undefined && others.length === 0 ? first : [...indexes.keys()];
    },
  };
}

/** The types that most files have no others than; what a table has of them are their numbers. */
const USUAL_TYPES: readonly string[] = [
  ...Object.values(MEDIA_TYPE),
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];

/** One for all tables that have no others: an empty array takes memory too. */
const NO_TYPES: readonly string[] = [];

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Arranges what a file says in columns. */
export function createTable(content: WholeContent): WholeTable {
  const byDigest = (a: StoredManifest, b: StoredManifest) => compare(a.digest, b.digest);
  const manifests = content.manifests.toSorted(byDigest);
  const configs = content.configs.toSorted(byDigest);
  const embedded = new Set(configs.map(({ digest }) => digest));
  const blobs = [...content.blobs.keys()].filter((digest) => !embedded.has(digest)).sort();
  const tags = [...content.tags.keys()].sort();
  const referrers = content.referrers.toSorted(
    (a, b) => compare(a.subject, b.subject) || compare(a.manifest, b.manifest),
  );
  const stored = [...manifests, ...configs];
  const packed = pack(stored.flatMap(({ bytes }) => bytes ?? []));
  const indexOf = new Map(manifests.map(({ digest }, index) => [digest, index]));
  const otherTypes = new Map<string, number>();
  const typeOf = (mediaType: string): number => {
    const usual = USUAL_TYPES.indexOf(mediaType);
    if (usual >= 0) return usual;
    const other = otherTypes.get(mediaType) ?? otherTypes.size;
    otherTypes.set(mediaType, other);
    return USUAL_TYPES.length + other;
  };

  const chunks = chunkList();
  const numbers: number[] = [];
  const addSize = (size: number | undefined): void => {
    numbers.push(size === undefined ? UNKNOWN_HIGH : Math.floor(size / WORD), (size ?? 0) % WORD);
  };
  for (const { size } of stored) addSize(size);
  for (const digest of blobs) addSize(content.blobs.get(digest));
  let next = 0;
  for (const { digest, mediaType, bytes } of stored) {
    const location = bytes === undefined ? undefined : packed[next++];
    const chunk = location === undefined ? NO_CHUNK : chunks.indexOf(location.chunk);
    const created = Math.floor((content.created.get(digest) ?? 0) / 1000);
    numbers.push(typeOf(mediaType), chunk, location?.offset ?? 0, created);
  }
  const targets = tags.map((tag) => content.tags.get(tag)?.map((digest) => indexOf.get(digest) ?? 0) ?? []);
  let end = 0;
  for (const { length } of targets) {
    end += length;
    numbers.push(end);
  }
  for (const each of targets) for (const target of each) numbers.push(target);
  for (const { manifest } of referrers) numbers.push(indexOf.get(manifest) ?? 0);

  return {
    tags,
    digests: packDigests([...stored.map(({ digest }) => digest), ...blobs, ...referrers.map(({ subject }) => subject)]),
    manifestCount: manifests.length,
    configCount: configs.length,
    blobCount: blobs.length,
    mediaTypes: otherTypes.size === 0 ? NO_TYPES : [...otherTypes.keys()],
    words: new Uint32Array(numbers),
    chunks: chunks.list(),
  };
}

const storedCount = ({ manifestCount, configCount }: WholeTable): number => manifestCount + configCount;

/** The first word behind the sizes. */
const placesOf = (table: WholeTable): number => (storedCount(table) + table.blobCount) * SIZE_LENGTH;

/** @returns the size of a manifest, config or blob; undefined where none is known */
export function sizeAt({ words }: WholeTable, index: number): number | undefined {
  const [high = 0, low = 0] = [words[index * SIZE_LENGTH], words[index * SIZE_LENGTH + 1]];
  return high === UNKNOWN_HIGH ? undefined : high * WORD + low;
}

/** @returns where the bytes of a manifest or config are; undefined when it has none */
export function locationAt(table: WholeTable, index: number): Location | undefined {
  const place = placesOf(table) + index * PLACE_LENGTH;
  const [number = NO_CHUNK, offset = 0] = [table.words[place + 1], table.words[place + 2]];
  if (number === NO_CHUNK) return undefined;
  const chunk = table.chunks instanceof Uint8Array ? table.chunks : table.chunks[number];
  return chunk === undefined ? undefined : { chunk, offset };
}

/** Tells whether all blobs are known: a manifest without data may name blobs that nothing else names. */
export function knowsAllBlobs(table: WholeTable): boolean {
  for (let index = 0; index < table.manifestCount; index++) if (locationAt(table, index) === undefined) return false;
  return true;
}

/** The same table with bytes elsewhere. @param locations of all manifests and configs that have bytes */
export function relocated(table: WholeTable, locations: readonly (Location | undefined)[]): WholeTable {
  const words = table.words.slice();
  const chunks = chunkList();
  locations.forEach((location, index) => {
    const place = placesOf(table) + index * PLACE_LENGTH;
    if (location !== undefined) words.set([chunks.indexOf(location.chunk), location.offset], place + 1);
  });
  return { ...table, words, chunks: chunks.list() };
}

/** @param index of a manifest, or of a config beyond the manifests */
export function storedAt(table: WholeTable, index: number): StoredManifest {
  const size = sizeAt(table, index) ?? 0;
  const location = locationAt(table, index);
  const type = table.words[placesOf(table) + index * PLACE_LENGTH] ?? 0;
  return {
    digest: digestAt(table.digests, index),
    mediaType: USUAL_TYPES[type] ?? table.mediaTypes[type - USUAL_TYPES.length] ?? "",
    size,
    bytes: location?.chunk.subarray(location.offset, location.offset + size),
  };
}

/** Every manifest, embedded config and other blob. */
export const digestsIn = (table: WholeTable): readonly Digest[] =>
  Array.from({ length: storedCount(table) + table.blobCount }, (_, index) => digestAt(table.digests, index));

/** @returns the manifest with that digest */
export function manifestOf(table: WholeTable, digest: Digest): StoredManifest | undefined {
  const index = findDigest(table.digests, digest, 0, table.manifestCount);
  return index === undefined ? undefined : storedAt(table, index);
}

/** @returns the embedded config with that digest */
export function configOf(table: WholeTable, digest: Digest): StoredManifest | undefined {
  const index = findDigest(table.digests, digest, table.manifestCount, storedCount(table));
  return index === undefined ? undefined : storedAt(table, index);
}

/** @returns the size of a blob, if that is known; undefined when no manifest names the blob */
export function blobOf(table: WholeTable, digest: Digest): { readonly size: number | undefined } | undefined {
  const first = storedCount(table);
  const index = findDigest(table.digests, digest, first, first + table.blobCount);
  return index === undefined ? undefined : { size: sizeAt(table, index) };
}

function createdAt(table: WholeTable, index: number): number | undefined {
  const seconds = table.words[placesOf(table) + index * PLACE_LENGTH + 3] ?? 0;
  return seconds === 0 ? undefined : seconds * 1000;
}

/** @returns when a manifest was made, in ms since 1970; undefined where that is unknown */
export function createdOf(table: WholeTable, digest: Digest): number | undefined {
  const index = findDigest(table.digests, digest, 0, table.manifestCount);
  return index === undefined ? undefined : createdAt(table, index);
}

/** @param at index of the tag */
function targetsOf(table: WholeTable, at: number): Uint32Array {
  const { tags, words } = table;
  const ends = placesOf(table) + storedCount(table) * PLACE_LENGTH;
  const from = at === 0 ? 0 : (words[ends + at - 1] ?? 0);
  return words.slice(ends + tags.length + from, ends + tags.length + (words[ends + at] ?? 0));
}

/** @returns the manifests of a tag, the preferred one first; none when there is no such tag */
export function manifestsOfTag(table: WholeTable, tag: Tag): readonly StoredManifest[] {
  const at = findSorted(table.tags, tag, 0, table.tags.length);
  return at === undefined ? [] : Array.from(targetsOf(table, at), (index) => storedAt(table, index));
}

/** @returns when the preferred manifest of each tag was made, in the order of the tags */
export const createdOfTags = (table: WholeTable): readonly (number | undefined)[] =>
  table.tags.map((_, at) => createdAt(table, targetsOf(table, at)[0] ?? 0));

/** @returns the manifests whose subject is that digest, in the order of their digests */
export function manifestsWithSubject(table: WholeTable, subject: Digest): readonly StoredManifest[] {
  const { digests, blobCount, words } = table;
  const [subjects, count] = [storedCount(table) + blobCount, countOf(digests)];
  const first = findDigest(digests, subject, subjects, count);
  if (first === undefined) return [];
  let from = first;
  while (from > subjects && digestAt(digests, from - 1) === subject) from--;
  let end = first + 1;
  while (end < count && digestAt(digests, end) === subject) end++;
  // The referrers are the last of the words, one for each of the last digests.
  const shift = words.length - count;
  return Array.from(words.slice(from + shift, end + shift), (index) => storedAt(table, index));
}
