/** Published files with their headers, the small ones kept in memory for a moment. */
import { LRUCache } from "lru-cache";
import { digestOfManifest, mediaTypeOf } from "../core/manifest.ts";
import { kindOf, type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { type Digest, parseDigest } from "../core/reference.ts";
import type { Validators } from "./conditions.ts";
import { type FileState, isSameState, type OpenFile, type Root, readPart } from "./open.ts";

/** The two layouts that content comes in. */
export type ContentApi = "v1" | "v2";

/** A file, as its path describes it. */
interface Description {
  readonly isManifest: boolean;
  /** Undefined for a manifest that is in no directory of its type. */
  readonly mediaType: string | undefined;
  /** The digest that the file is named after. */
  readonly digest: Digest | undefined;
}

const OCTETS = "application/octet-stream";
const JSON_TYPE = "application/json";

const isKind = (text: string): text is ManifestKind => Object.hasOwn(MEDIA_TYPE, text);

/** Describes a file. @param path below the repository's directory */
function describe(api: ContentApi, path: string): Description {
  const parts = path.split("/");
  const [first = "", second = ""] = parts;
  const last = parts.at(-1) ?? "";
  if (api === "v1") {
    const mediaType = last === "json" || last === "ancestry" ? JSON_TYPE : OCTETS;
    return { isManifest: false, mediaType, digest: undefined };
  }
  // An OCI image layout has a directory of blobs for each algorithm.
  const isLayout = first === "blobs" && parts.length === 3;
  const digest = parseDigest(isLayout ? `${second}:${last}` : last);
  if (first === "manifests") {
    // A tag may be called "list": a directory has something below it.
    const mediaType = parts.length > 2 && isKind(second) ? MEDIA_TYPE[second] : undefined;
    return { isManifest: true, mediaType, digest };
  }
  return { isManifest: false, mediaType: path === "tags/list" ? JSON_TYPE : OCTETS, digest };
}

/** The bytes of a file: in memory, or still on disk. An open file is closed by its reader. */
export type BodySource = Buffer<ArrayBuffer> | OpenFile;

/** A file, and what its headers say. */
export interface PublishedFile {
  readonly validators: Validators;
  readonly contentType: string;
  /** Digest of a manifest or a blob. */
  readonly digest: string | undefined;
  readonly isManifest: boolean;
  readonly source: BodySource;
}

/** Files up to this size are read at once: that takes less time than to hand them over. Bytes. */
export const IN_MEMORY = 64 * 1024;

/** Registries need not take larger manifests; a larger one is sent without its type and its digest. Bytes. */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** Bytes kept in memory, in all and of one file. */
const KEPT = { maxSize: 8 * 1024 * 1024, maxEntrySize: 1024 * 1024, max: 1000 };

/** After this time the system is asked again where a kept file is, though it has not changed. Milliseconds. */
const TRUSTED = 1000;

/** A file that changes twice within this time may have the same state both times. Milliseconds. */
const RESOLUTION = 1000;

const fingerprint = ({ size, modified, inode }: FileState): string =>
  [size, modified, inode].map((part) => part.toString(16)).join("-");

/** Finds out a file's headers. It is read where its path doesn't give its type and its digest, and where it is small. */
function learn(file: OpenFile, { isManifest, mediaType, digest }: Description): PublishedFile {
  const isUnknown = isManifest && (digest === undefined || mediaType === undefined);
  const isRead = file.state.size <= (isUnknown ? MAX_MANIFEST : IN_MEMORY);
  const source = isRead ? readPart(file, 0, file.state.size) : file;
  if (isRead) file.close();
  const bytes = isUnknown && Buffer.isBuffer(source) ? source : undefined;
  const type = mediaType ?? (bytes === undefined ? "application/octet-stream" : mediaTypeOf(bytes));
  const known = digest ?? (bytes === undefined ? undefined : digestOfManifest(bytes, type));
  const etag = `"${known ?? fingerprint(file.state)}"`;
  return {
    validators: { etag, modified: Number(file.state.modified / 1_000_000_000n), size: file.state.size },
    // As Crane 3.3.1 sent schema 1, signed or not; clients that read it take this for it.
    contentType: kindOf(type) === "1" ? "application/json" : type,
    digest: known,
    isManifest,
    source,
  };
}

/** Closes a file that is not read. */
export function close(source: BodySource): void {
  if (!Buffer.isBuffer(source)) source.close();
}

/**
 * Makes a function that finds the files below a root.
 *
 * A small file is sent from memory as long as its path leads to the same unchanged file: its bytes were inside the root
 * when they were read. A link that leads to the same file in a place outside is noticed a second later.
 *
 * @returns the function; its parameters are checked by isPlainRelative
 */
export function createFinder(
  api: ContentApi,
  root: Root,
): (repository: string, path: string) => PublishedFile | undefined {
  interface Kept {
    readonly state: FileState;
    readonly file: PublishedFile;
  }
  const kept = new LRUCache<string, Kept>({
    ...KEPT,
    ttl: TRUSTED,
    sizeCalculation: ({ state, file }, key) => state.size + key.length + file.contentType.length,
  });
  return (repository, path) => {
    const name = `${repository}/${path}`;
    const before = kept.get(name);
    if (before !== undefined && isSameState(before.state, root.stateOf(name))) return before.file;
    const open = root.open(name);
    if (open === undefined) return undefined;
    try {
      const file = learn(open, describe(api, path));
      const isSettled = Date.now() - Number(open.state.changed / 1_000_000n) > RESOLUTION;
      if (file.source !== open && isSettled) kept.set(name, { state: open.state, file });
      return file;
    } catch (error) {
      open.close();
      throw error;
    }
  };
}
