/**
 * Publishing: from images to a tree of files and the redirect files that lead to it.
 *
 * In this order, so that whoever looks at any moment, or after a kill at any moment, finds every tag whole:
 *
 * 1. blobs and manifests by their digests, which disturb nobody;
 * 2. when tags that are being served will change: a redirect file that knows the new digests beside the old ones;
 * 3. the tags' own entries, one by one;
 * 4. the redirect file, which makes all of it known;
 * 5. what nothing refers to any more is removed, if it is time.
 *
 * Between any two steps everything done before is on disk.
 */

import { MEDIA_TYPE } from "../core/media-types.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import { parseRedirectFile } from "../core/redirect-file/parse.ts";
import { namedTags } from "../core/redirect-file/repository.ts";
import { isDigest, parseTag, type Tag } from "../core/reference.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import { blobPath, JSON_TYPE, manifestPath, OCTETS, TAGS_LIST } from "./layout-paths.ts";
import { type Identity, type Listing, listingOf, tagsList, version1, version5, widened } from "./listing.ts";
import { missing, type Plan, type PlannedBlob, type PlannedTag, startPlan } from "./plan.ts";
import { type Previous, previousSource, readPrevious, redirectPath, referrersIn } from "./previous.ts";
import { prune } from "./prune.ts";
import { PublishError } from "./publish-error.ts";
import { verified } from "./sources/reading.ts";
import { collect, type Wanted } from "./sources/collect.ts";
import type { PlatformChoice } from "./sources/platforms.ts";
import type { Source, Workshop } from "./sources/source.ts";
import { readState, type State, writeState } from "./state.ts";
import { type Target, untouched } from "./targets/target.ts";
import { EMPTY_LAYER_DIGEST } from "./sources/v1-images.ts";
import { planV1, type V1Tree, v1Paths, writeV1 } from "./v1-tree.ts";

/** What is asked for. */
export interface PublishOptions extends Omit<Identity, "isProtected">, Wanted {
  /** Undefined leaves it as it is, and a new repository open. */
  readonly isProtected: boolean | undefined;
  /** Of lists, the images for these; none means all. */
  readonly platforms: readonly PlatformChoice[];
  /** A v1 half too. */
  readonly withV1: boolean;
  /** Tags that were published before and are not in the source stay. */
  readonly keepTags: boolean;
  /** Manifests that no tag leads to any more can still be pulled by digest. */
  readonly keepUntagged: boolean;
  /** Seconds; undefined removes nothing. */
  readonly pruneAfter: number | undefined;
  readonly isDryRun: boolean;
}

/** Where things go. */
export interface Places {
  /** The directory of this repository alone. */
  readonly content: Target;
  /** The directory of all redirect files. */
  readonly metadata: Target;
  /** A directory of this machine for large temporary files; it is emptied by whoever made it. */
  readonly scratch: string | undefined;
  /** Seconds since 1970. */
  readonly now: () => number;
}

type OpenSource = (workshop: Workshop) => Promise<Source>;

/** Files that are read and written at once: enough to keep a disk busy while sums are made. */
const AT_ONCE = 4;

/** Everything of the source and, if so asked, of what was published before. */
async function planAll(
  source: Source,
  options: PublishOptions,
  previous: Previous,
  content: Target,
  report: Report,
): Promise<Plan> {
  const planning = startPlan({ platforms: options.platforms, warn: (text) => report({ event: "warning", text }) });
  const { plan, add, addReferrers } = planning;
  const skipped = await collect(source, planning, options);
  for (const each of skipped) report({ event: "skipped", ...each });
  const isSkipped = new Set(skipped.map(({ name }) => name));
  if (previous.v2 === undefined || !(options.keepTags || options.keepUntagged || skipped.length > 0)) return plan;
  const given = new Set<string>([...plan.tags.values()].map(({ tag }) => tag));
  const old = previousSource(content, previous.v2, (reference) =>
    isDigest(reference)
      ? options.keepUntagged
      : (options.keepTags || isSkipped.has(reference)) && !given.has(reference),
  );
  for await (const { names, root } of old.images()) {
    const [tag] = names;
    await add(old, { tag: tag === undefined ? undefined : parseTag(tag), root: await root() });
  }
  await addReferrers(old, referrersIn(previous.v2));
  return plan;
}

async function putBlob({ descriptor, source }: PlannedBlob, content: Target, report: Report): Promise<void> {
  const { digest, size } = descriptor;
  const path = blobPath(digest);
  const there = await content.sizeOf(path);
  // Only whole and verified bytes ever get this name.
  if (there !== undefined && (size ?? there) === there) {
    report({ event: "blob", digest, size: there, outcome: "present" });
    return;
  }
  const file = await source.open(descriptor, "blob");
  if (file === undefined) throw missing(source, descriptor, source.name);
  const read = () => verified(file, descriptor, (bytes) => report({ event: "read", bytes }));
  const outcome = await content.transfer(path, OCTETS, { size, read, path: file.path });
  report({ event: "blob", digest, size: size ?? (await content.sizeOf(path)), outcome });
}

async function putManifests({ manifests }: Plan, content: Target): Promise<void> {
  await inParallel(manifests.values(), AT_ONCE, async ({ kind, digest, bytes }) => {
    const path = manifestPath(kind, digest);
    if ((await content.sizeOf(path)) !== bytes.length) await content.write(path, MEDIA_TYPE[kind], bytes);
  });
}

async function bytesToRead({ blobs }: Plan, content: Target): Promise<number> {
  let total = 0;
  for (const { descriptor } of blobs.values()) {
    const { digest, size = 0 } = descriptor;
    if ((await content.sizeOf(blobPath(digest))) !== size) total += size;
  }
  return total;
}

/** The tags whose entry is not yet what it has to be. */
async function staleTags({ tags, manifests }: Plan, content: Target, report: Report): Promise<readonly PlannedTag[]> {
  const stale: PlannedTag[] = [];
  for (const each of tags.values()) {
    const { tag, kind, digest } = each;
    const there = await content.read(manifestPath(kind, tag));
    const bytes = manifests.get(digest)?.bytes;
    const isWhole = bytes !== undefined && (await content.sizeOf(manifestPath(kind, tag))) === bytes.length;
    const isSame = isWhole && there !== undefined && Buffer.compare(there, bytes) === 0;
    if (!isSame) stale.push(each);
    report({ event: "tag", tag, kind, digest, outcome: isSame ? "unchanged" : there === undefined ? "new" : "moved" });
  }
  return stale;
}

/** What a redirect file refers to, and so must not go. */
function referencedPaths({ manifests, tags, blobs }: Plan, v1: V1Tree | undefined, previous: Previous): Set<string> {
  const paths = new Set<string>([TAGS_LIST]);
  for (const { kind, digest } of manifests.values()) paths.add(manifestPath(kind, digest));
  for (const { kind, tag } of tags.values()) paths.add(manifestPath(kind, tag));
  for (const digest of blobs.keys()) paths.add(blobPath(digest));
  const ids = v1?.images.keys() ?? previous.v1?.images.map(({ id }) => id) ?? [];
  for (const path of v1Paths(ids)) paths.add(path);
  if (v1 !== undefined && v1.images.size > 0) paths.add(blobPath(EMPTY_LAYER_DIGEST));
  return paths;
}

/** Replaces a redirect file, unless it is the same already. */
async function putRedirectFile(metadata: Target, path: string, bytes: Uint8Array, report: Report): Promise<void> {
  const there = await metadata.read(path);
  const isSame = there !== undefined && Buffer.compare(there, bytes) === 0;
  if (!isSame) await metadata.write(path, JSON_TYPE, bytes);
  await metadata.settle();
  report({ event: "published", file: `${metadata.name}/${path}`, outcome: isSame ? "unchanged" : "written" });
}

/** A file that craned itself would refuse must not be published. */
function mustBeGood(bytes: Uint8Array): Uint8Array {
  const parsed = parseRedirectFile(bytes);
  if (parsed.ok) return bytes;
  throw new PublishError(`the redirect file would be wrong: ${describeFault(parsed.faults[0])}`);
}

async function putTags(
  plan: Plan,
  listing: Listing,
  previous: Previous,
  options: PublishOptions,
  places: Places,
  report: Report,
): Promise<void> {
  const { content, metadata } = places;
  const stale = await staleTags(plan, content, report);
  const kept = new Set<Tag>([...plan.tags.values()].map(({ tag }) => tag));
  for (const tag of previous.v2 === undefined ? [] : namedTags(previous.v2)) {
    if (!kept.has(tag)) report({ event: "untagged", tag });
  }
  if (stale.length > 0 && previous.v2?.version === 5) {
    const { url, isProtected } = previous.v2;
    const between = version5({ ...options, url, isProtected }, widened(previous.v2, listing), previous.others.v2);
    await metadata.write(redirectPath("v2", options.repository), JSON_TYPE, between);
    await metadata.settle();
  }
  for (const { tag, kind, digest } of stale) {
    await content.duplicate(manifestPath(kind, tag), manifestPath(kind, digest), MEDIA_TYPE[kind]);
  }
  const list = tagsList(options.name, kept);
  const there = await content.read(TAGS_LIST);
  if (there === undefined || Buffer.compare(there, list) !== 0) await content.write(TAGS_LIST, JSON_TYPE, list);
  await content.settle();
}

async function publishFrom(
  source: Source,
  options: PublishOptions,
  places: Places,
  state: State,
  report: Report,
): Promise<void> {
  const { content, metadata, now } = places;
  const previous = await readPrevious(metadata, options);
  const plan = await planAll(source, options, previous, content, report);
  const listing = listingOf(plan);
  const before = previous.v2 ?? previous.v1;
  // What was closed is not opened by an option that somebody left out.
  const identity = { ...options, isProtected: options.isProtected ?? before?.isProtected ?? false };
  const redirectFile = mustBeGood(version5(identity, listing, previous.others.v2));
  const v1 = options.withV1 ? await planV1(plan, listing, report) : undefined;
  const counts = { tags: plan.tags.size, manifests: plan.manifests.size, blobs: plan.blobs.size };
  report({ event: "planned", ...counts, bytes: await bytesToRead(plan, content) });
  await inParallel(plan.blobs.values(), AT_ONCE, (blob) => putBlob(blob, content, report));
  await putManifests(plan, content);
  if (v1 !== undefined) await writeV1(v1, content);
  await content.settle();
  await putTags(plan, listing, previous, options, places, report);
  await putRedirectFile(metadata, redirectPath("v2", options.repository), redirectFile, report);
  if (v1 !== undefined) {
    const bytes = version1(identity, v1.images.keys(), v1.tags, previous.others.v1);
    await putRedirectFile(metadata, redirectPath("v1", options.repository), bytes, report);
  }
  const referenced = referencedPaths(plan, v1, previous);
  await prune(content, referenced, state, { after: options.pruneAfter, now: now() }, report);
  await writeState(content, state);
}

/**
 * Publishes one repository. Whoever calls holds its lock.
 *
 * @throws {PublishError} when the source is broken, or what is asked for can't be; the system's error when a file can't
 * be read or written. What was published before is still whole then.
 */
export async function publish(
  openSource: OpenSource,
  options: PublishOptions,
  places: Places,
  report: Report,
): Promise<void> {
  const { content, metadata } = places;
  const state = await readState(content);
  const onBytes = (bytes: number) => report({ event: "read", bytes });
  const scratch = options.isDryRun ? undefined : places.scratch;
  const warn = (text: string) => report({ event: "warning", text });
  const source = await openSource({ scratch, compressed: state.compressed, onBytes, warn });
  try {
    const used = options.isDryRun ? { ...places, content: untouched(content), metadata: untouched(metadata) } : places;
    await publishFrom(source, options, used, state, report);
  } finally {
    await source.close();
  }
}
