/** Blobs: where they go, and bringing there what is not there yet. */
import type { Digest } from "../core/reference.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import { blobPath, layoutBlobPath, OCTETS } from "./layout-paths.ts";
import { missing, type Plan, type PlannedBlob } from "./plan.ts";
import { PublishError, SourceFailure, Unreadable } from "./publish-error.ts";
import { type EmbeddedBlob, MAX_EMBEDDED_CONFIG } from "./redirect-file/version-6.ts";
import type { Descriptor, Manifest } from "./sources/manifest.ts";
import { fileOfBytes, readSmall, verified } from "./sources/reading.ts";
import type { SourceFile } from "./sources/source.ts";
import type { Target } from "./targets/target.ts";

/** A place for blobs by their digest. */
export interface BlobStore {
  readonly target: Target;
  readonly pathOf: (digest: Digest) => string;
  /** Path of a blob in the other version of redirect files, below the same target. */
  readonly formerPathOf: ((digest: Digest) => string) | undefined;
}

/** The blobs of one repository, as a version has them. */
export const ownStore = (content: Target, version: 5 | 6, hasFormer: boolean): BlobStore => {
  const [pathOf, former] = version === 5 ? [blobPath, layoutBlobPath] : [layoutBlobPath, blobPath];
  return { target: content, pathOf, formerPathOf: hasFormer ? former : undefined };
};

/** The blobs of all repositories: the directory that skopeo calls a shared blob directory. */
export const pooledStore = (pool: Target): BlobStore => ({
  target: pool,
  pathOf: (digest) => digest.replace(":", "/"),
  formerPathOf: undefined,
});

/** Files that are read and written at once: enough to keep a disk busy while sums are made. */
export const AT_ONCE = 4;

const readVerified = (file: SourceFile, descriptor: Descriptor): Promise<Uint8Array> =>
  readSmall(file.name, verified(file, descriptor));

/** The error about a blob of a source; other blobs may be better, unless the source can't be read at all. */
const unreadable = ({ digest }: Descriptor, error: unknown): unknown =>
  error instanceof PublishError && !(error instanceof SourceFailure)
    ? new Unreadable(new Map([[digest, error.message]]))
    : error;

/** Opens a blob at its source; it is verified as it is read. @throws {Unreadable} as reading does: it is missing or broken */
async function openPlanned({ descriptor, source }: PlannedBlob, report: Report = () => {}): Promise<SourceFile> {
  let file: SourceFile | undefined;
  try {
    file = await source.open(descriptor, "blob");
    if (file === undefined) throw missing(source, descriptor, source.name);
  } catch (error) {
    throw unreadable(descriptor, error);
  }
  const bytes = verified(file, descriptor, (count) => report({ event: "read", bytes: count }));
  const read = async function* () {
    try {
      yield* bytes;
    } catch (error) {
      throw unreadable(descriptor, error);
    }
  };
  return { ...file, read };
}

/** Reads a small blob from its source. */
export async function readPlanned(blob: PlannedBlob): Promise<Uint8Array> {
  const file = await openPlanned(blob);
  return await readSmall(file.name, file.read());
}

async function sizeOf({ target, pathOf }: BlobStore, digest: Digest, expected: number | undefined) {
  const there = await target.sizeOf(pathOf(digest));
  // Only whole and verified bytes ever get this name.
  return there !== undefined && (expected ?? there) === there ? there : undefined;
}

/** The bytes of the source that have to be read. */
export async function bytesToRead({ blobs }: Plan, store: BlobStore): Promise<number> {
  let total = 0;
  for (const { descriptor } of blobs.values()) {
    const { digest, size = 0 } = descriptor;
    if ((await sizeOf(store, digest, size)) === undefined) total += size;
  }
  return total;
}

async function putBlob(
  blob: PlannedBlob,
  { target, pathOf, formerPathOf }: BlobStore,
  bytes: Uint8Array | undefined,
  report: Report,
): Promise<void> {
  const { descriptor, source } = blob;
  const { digest, size } = descriptor;
  const path = pathOf(digest);
  const there = await sizeOf({ target, pathOf, formerPathOf }, digest, size);
  if (there !== undefined) {
    report({ event: "blob", digest, size: there, outcome: "present" });
    return;
  }
  const former = formerPathOf?.(digest);
  const formerSize = former === undefined ? undefined : await target.sizeOf(former);
  if (former !== undefined && formerSize !== undefined && (size ?? formerSize) === formerSize) {
    await target.duplicate(path, former, OCTETS);
    report({ event: "blob", digest, size: formerSize, outcome: "linked" });
    return;
  }
  const file = bytes === undefined ? await openPlanned(blob, report) : fileOfBytes(source.name, bytes);
  const outcome = await target.transfer(path, OCTETS, { size, read: file.read, path: file.path });
  report({ event: "blob", digest, size: size ?? (await target.sizeOf(path)), outcome });
}

/**
 * Puts all blobs of a plan into the store.
 *
 * @param known blobs whose bytes are in memory already
 * @throws {Unreadable} in the end, naming all blobs that can't be read
 */
export async function putBlobs(
  { blobs }: Plan,
  store: BlobStore,
  known: ReadonlyMap<Digest, EmbeddedBlob>,
  report: Report,
): Promise<void> {
  const why = new Map<Digest, string>();
  await inParallel(blobs.values(), AT_ONCE, async (blob) => {
    try {
      await putBlob(blob, store, known.get(blob.descriptor.digest)?.bytes, report);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      for (const [digest, each] of error.why) why.set(digest, each);
    }
  });
  if (why.size > 0) throw new Unreadable(why);
}

/**
 * Returns the configurations that are small enough for a redirect file, from the previous file, the store or the source.
 */
export async function embeddedConfigs(
  manifests: Iterable<Manifest>,
  store: BlobStore,
  before: ReadonlyMap<Digest, EmbeddedBlob>,
  fromSource: (digest: Digest) => Promise<Uint8Array> | undefined,
): Promise<ReadonlyMap<Digest, EmbeddedBlob>> {
  const { target, pathOf } = store;
  const configs = new Map<Digest, EmbeddedBlob>();
  const wanted = [...manifests].flatMap(({ config }) => (config === undefined ? [] : [config]));
  // Of several types for the same bytes always the same one.
  const sorted = wanted.toSorted((a, b) => (a.mediaType < b.mediaType ? 1 : -1));
  const distinct = new Map(sorted.map((config) => [config.digest, config])).values();
  await inParallel(distinct, AT_ONCE, async (config) => {
    const { digest, mediaType, size } = config;
    if (size === undefined || size > MAX_EMBEDDED_CONFIG) return;
    const isThere = before.has(digest) || (await sizeOf(store, digest, size)) !== undefined;
    const there = isThere ? (before.get(digest)?.bytes ?? (await target.read(pathOf(digest)))) : undefined;
    const bytes =
      there === undefined
        ? await fromSource(digest)
        : await readVerified(fileOfBytes(`${target.name}/${pathOf(digest)}`, there), config);
    if (bytes !== undefined) configs.set(digest, { mediaType, bytes });
  });
  return configs;
}

/** Reads what a plan has from its source. */
export const fromSourceOf =
  ({ blobs }: Plan) =>
  (digest: Digest): Promise<Uint8Array> | undefined => {
    const planned = blobs.get(digest);
    return planned === undefined ? undefined : readPlanned(planned);
  };
