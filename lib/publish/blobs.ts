/** Blobs: where they go, and bringing there what is not there yet. */
import type { Digest } from "../core/reference.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import { blobPath, layoutBlobPath, OCTETS } from "./layout-paths.ts";
import { missing, type Plan, type PlannedBlob } from "./plan.ts";
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

/** Reads a small blob from its source. @param from the manifest that names it */
export async function readPlanned({ descriptor, source }: PlannedBlob, from: string): Promise<Uint8Array> {
  const file = await source.open(descriptor, "blob");
  if (file === undefined) throw missing(source, descriptor, from);
  return await readVerified(file, descriptor);
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
  { descriptor, source }: PlannedBlob,
  { target, pathOf, formerPathOf }: BlobStore,
  bytes: Uint8Array | undefined,
  report: Report,
): Promise<void> {
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
  const file = bytes === undefined ? await source.open(descriptor, "blob") : fileOfBytes(source.name, bytes);
  if (file === undefined) throw missing(source, descriptor, source.name);
  const read = () => verified(file, descriptor, (count) => report({ event: "read", bytes: count }));
  const outcome = await target.transfer(path, OCTETS, { size, read, path: file.path });
  report({ event: "blob", digest, size: size ?? (await target.sizeOf(path)), outcome });
}

/** Puts all blobs of a plan into the store. @param known blobs whose bytes are in memory already */
export async function putBlobs(
  { blobs }: Plan,
  store: BlobStore,
  known: ReadonlyMap<Digest, EmbeddedBlob>,
  report: Report,
): Promise<void> {
  await inParallel(blobs.values(), AT_ONCE, (blob) =>
    putBlob(blob, store, known.get(blob.descriptor.digest)?.bytes, report),
  );
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
    return planned === undefined ? undefined : readPlanned(planned, planned.source.name);
  };
