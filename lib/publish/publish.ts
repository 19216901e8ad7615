/**
 * Publishing: from images to files for a static host, and the redirect files that lead to them.
 *
 * In this order, so that clients find every tag whole at any moment, also after a kill at any moment:
 *
 * 1. blobs and manifests by their digests, which nothing leads to yet;
 * 2. version 5 only: a redirect file that knows the new digests beside the old ones, and then the tags' own entries;
 * 3. the redirect file, which makes all of it known; in version 6 it alone says what each tag means;
 * 4. files that nothing refers to any more are removed, if it is time.
 *
 * Between any two steps everything done before is on disk.
 */

import { MEDIA_TYPE } from "../core/media-types.ts";
import { OCI_LAYOUT_BLOBS } from "../core/redirect-file/blob-template.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import { parseRedirectFile } from "../core/redirect-file/parse.ts";
import { namedTags } from "../core/redirect-file/repository.ts";
import { manifestsOfTag } from "../core/redirect-file/whole-table.ts";
import { type Digest, isDigest, parseTag } from "../core/reference.ts";
import {
  AT_ONCE,
  type BlobStore,
  bytesToRead,
  embeddedConfigs,
  fromSourceOf,
  ownStore,
  pooledStore,
  putBlobs,
} from "./blobs.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import { JSON_TYPE, OCI_INDEX, OCI_LAYOUT } from "./layout-paths.ts";
import { LAYOUT_VERSION, layoutIndex } from "./oci-layout-files.ts";
import { type Plan, startPlan } from "./plan.ts";
import { prune, prunePool } from "./prune.ts";
import { PublishError, Unreadable } from "./publish-error.ts";
import {
  configsIn,
  type Previous,
  type Published,
  previousSource,
  readPrevious,
  redirectPath,
  referrersIn,
} from "./redirect-file/previous.ts";
import { type Identity, version1 } from "./redirect-file/text.ts";
import { type Listing, listingOf, version5 } from "./redirect-file/version-5.ts";
import { MAX_EMBEDDED_MANIFEST, meaningOfTags, version6 } from "./redirect-file/version-6.ts";
import { collect, type WantedImages } from "./sources/collect.ts";
import type { PlatformChoice } from "./sources/platforms.ts";
import type { Source, SourceContext } from "./sources/source.ts";
import { EMPTY_LAYER_DIGEST } from "./sources/v1-images.ts";
import { readState, type State, writeState } from "./state.ts";
import type { Places } from "./targets/places.ts";
import type { Target } from "./targets/target.ts";
import { putManifestsByKind, putTags, staleTags, treePaths } from "./tree.ts";
import { planV1, type V1Tree, v1Paths, writeV1 } from "./v1-tree.ts";

/** The name of a repository, and the images that it gets. */
export interface RepositoryOptions extends Omit<Identity, "isProtected">, WantedImages {
  /** Undefined leaves it as it is, and a new repository open. */
  readonly isProtected: boolean | undefined;
  /** Platforms whose images are published; none means all. */
  readonly platforms: readonly PlatformChoice[];
  /** Tags that were published before and are not in the source stay. */
  readonly keepTags: boolean;
  /** Manifests that no tag leads to any more can still be pulled by digest. */
  readonly keepUntagged: boolean;
}

/** The options of one publish. */
export interface PublishOptions extends RepositoryOptions {
  readonly redirectVersion: 5 | 6;
  /** The URL template of blobs in the pool, if there is one. */
  readonly poolTemplate: string | undefined;
  /** A v1 half too. */
  readonly withV1: boolean;
  /** Seconds; undefined removes nothing. */
  readonly pruneAfter: number | undefined;
}

type OpenSource = (context: SourceContext) => Promise<Source>;

/** Returns the store of blobs of the previous publish. */
function previousStore({ v2 }: Previous, { content, pool }: Places, { poolTemplate }: PublishOptions): BlobStore {
  if (v2?.version !== 6) return ownStore(content, 5, false);
  if (pool !== undefined && v2.blobTemplate === poolTemplate) return pooledStore(pool);
  if (v2.blobTemplate === OCI_LAYOUT_BLOBS) return ownStore(content, 6, false);
  throw new PublishError(`the blobs of ${v2.name} are at ${v2.blobTemplate}: to keep some, publish to the same --pool`);
}

/** Plans the images of the source and, if the options keep them, those published before. */
export async function planAll(
  source: Source,
  options: RepositoryOptions,
  previous: Previous,
  published: () => Pick<Published, "content" | "store">,
  report: Report,
  unreadable?: ReadonlyMap<Digest, string>,
): Promise<Plan> {
  const warn = (text: string) => report({ event: "warning", text });
  const planning = startPlan({ platforms: options.platforms, unreadable, warn });
  const { plan, add, addReferrers } = planning;
  const skipped = await collect(source, planning, options);
  for (const each of skipped) report({ event: "skipped", ...each });
  const isSkipped = new Set(skipped.map(({ name }) => name));
  if (previous.v2 === undefined || !(options.keepTags || options.keepUntagged || skipped.length > 0)) return plan;
  const given = new Set<string>([...plan.tags.values()].map(({ tag }) => tag));
  const old = previousSource(previous.v2, {
    ...published(),
    isKept: (reference) =>
      isDigest(reference)
        ? options.keepUntagged
        : (options.keepTags || isSkipped.has(reference)) && !given.has(reference),
  });
  for await (const { names, root } of old.images()) {
    const [tag] = names;
    await add(old, { tag: tag === undefined ? undefined : parseTag(tag), root: await root() });
  }
  await addReferrers(old, referrersIn(previous.v2));
  return plan;
}

/** A protected repository stays protected unless the options say otherwise. */
export const identityOf = (options: RepositoryOptions, { v1, v2 }: Previous): Identity => ({
  ...options,
  isProtected: options.isProtected ?? (v2 ?? v1)?.isProtected ?? false,
});

/** Says which manifests a host has to send, and as what. */
export function warnOfLarge({ manifests }: Plan, report: Report): void {
  for (const { kind, digest, bytes } of manifests.values()) {
    if (bytes.length <= MAX_EMBEDDED_MANIFEST) continue;
    const text = `${digest} is too large for the redirect file: the host has to send it as ${MEDIA_TYPE[kind]}`;
    report({ event: "warning", text });
  }
}

/** Puts manifests where an OCI image layout has them; a signed one is not the blob that its digest stands for. */
async function putManifestsAsBlobs({ manifests }: Plan, { target, pathOf }: BlobStore): Promise<void> {
  await inParallel(manifests.values(), AT_ONCE, async ({ kind, digest, bytes }) => {
    if (kind === "1" || (await target.sizeOf(pathOf(digest))) === bytes.length) return;
    await target.write(pathOf(digest), MEDIA_TYPE[kind], bytes);
  });
}

async function putIfChanged(target: Target, path: string, bytes: Uint8Array): Promise<"written" | "unchanged"> {
  const there = await target.read(path);
  if (there !== undefined && Buffer.compare(there, bytes) === 0) return "unchanged";
  await target.write(path, JSON_TYPE, bytes);
  return "written";
}

/** Replaces a redirect file, unless it is the same already. */
export async function putRedirectFile(
  metadata: Target,
  path: string,
  bytes: Uint8Array,
  report: Report,
): Promise<void> {
  const outcome = await putIfChanged(metadata, path, bytes);
  await metadata.settle();
  report({ event: "published", file: `${metadata.name}/${path}`, outcome });
}

/** A file that craned itself would refuse must not be published. */
export function mustBeGood(bytes: Uint8Array): Uint8Array {
  const parsed = parseRedirectFile(bytes);
  if (parsed.ok) return bytes;
  throw new PublishError(`the redirect file would be wrong: ${describeFault(parsed.faults[0])}`);
}

/** Files that the redirect files refer to, which pruning keeps. */
function referencedPaths(
  plan: Plan,
  { pathOf }: BlobStore,
  v1: V1Tree | undefined,
  previous: Previous,
  { redirectVersion, poolTemplate }: PublishOptions,
): Set<string> {
  const digests = poolTemplate === undefined ? [...plan.blobs.keys()] : [];
  if (redirectVersion === 6 && poolTemplate === undefined) digests.push(...plan.manifests.keys());
  if (v1 !== undefined && v1.images.size > 0) digests.push(EMPTY_LAYER_DIGEST);
  const ids = v1?.images.keys() ?? previous.v1?.images.map(({ id }) => id) ?? [];
  const layout = redirectVersion === 6 ? [OCI_LAYOUT, OCI_INDEX] : treePaths(plan);
  return new Set([...layout, ...digests.map(pathOf), ...v1Paths(ids)]);
}

export function reportUntagged({ tags }: Plan, { v2 }: Previous, report: Report): void {
  const kept = new Set<string>([...tags.values()].map(({ tag }) => tag));
  for (const tag of v2 === undefined ? [] : namedTags(v2)) if (!kept.has(tag)) report({ event: "untagged", tag });
}

/** Says which tags are new or move. */
export async function reportTags(plan: Plan, { v2 }: Previous, content: Target, report: Report): Promise<void> {
  if (v2?.version === 5) return void (await staleTags(plan, content, report));
  for (const { tag, kind, digest } of plan.tags.values()) {
    const before = v2?.version === 6 ? manifestsOfTag(v2, tag) : [];
    const isSame = before.some((each) => each.digest === digest);
    report({ event: "tag", tag, kind, digest, outcome: isSame ? "unchanged" : before.length > 0 ? "moved" : "new" });
  }
}

/** Publishes the files of version 6. @returns the bytes of its redirect file */
async function putWhole(
  plan: Plan,
  listing: Listing,
  identity: Identity,
  previous: Previous,
  store: BlobStore,
  options: PublishOptions,
  { content }: Places,
  report: Report,
): Promise<Uint8Array> {
  const configs = await embeddedConfigs(plan.manifests.values(), store, configsIn(previous.v2), fromSourceOf(plan));
  const tags = meaningOfTags(plan.tags.values(), listing.amd64);
  const whole = { manifests: plan.manifests.values(), tags, configs, blobs: options.poolTemplate };
  const redirectFile = mustBeGood(version6(identity, whole, previous.others.v2));
  await putBlobs(plan, store, configs, report);
  warnOfLarge(plan, report);
  await putManifestsAsBlobs(plan, store);
  await store.target.settle();
  await putIfChanged(content, OCI_LAYOUT, LAYOUT_VERSION);
  await putIfChanged(content, OCI_INDEX, layoutIndex(plan));
  await content.settle();
  await reportTags(plan, previous, content, report);
  return redirectFile;
}

/** Publishes what can be read: of images with a blob that can't, the others are published as if they were missing. */
async function publishReadable(
  source: Source,
  options: PublishOptions,
  places: Places,
  state: State,
  report: Report,
): Promise<void> {
  const unreadable = new Map<Digest, string>();
  const told = new Set<string>();
  const reportOnce: Report = (event) => {
    const text = event.event === "warning" || event.event === "skipped" ? JSON.stringify(event) : undefined;
    if (text === undefined || !told.has(text)) report(event);
    if (text !== undefined) told.add(text);
  };
  for (;;) {
    try {
      return await publishFrom(source, options, places, state, unreadable, reportOnce);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      const before = unreadable.size;
      for (const [digest, why] of error.why) unreadable.set(digest, why);
      if (unreadable.size === before) throw error;
    }
  }
}

async function publishFrom(
  source: Source,
  options: PublishOptions,
  places: Places,
  state: State,
  unreadable: ReadonlyMap<Digest, string>,
  report: Report,
): Promise<void> {
  const { content, metadata, pool } = places;
  const { redirectVersion } = options;
  const previous = await readPrevious(metadata, options);
  const published = () => ({ content, store: previousStore(previous, places, options) });
  const plan = await planAll(source, options, previous, published, report, unreadable);
  const listing = listingOf(plan);
  const identity = identityOf(options, previous);
  const hasFormer = previous.v2 !== undefined && (previous.v2.version === 6) !== (redirectVersion === 6);
  const store = pool === undefined ? ownStore(content, redirectVersion, hasFormer) : pooledStore(pool);
  const inTree = mustBeGood(version5(identity, listing, previous.others.v2));
  const v1 = options.withV1 ? await planV1(plan, listing, report) : undefined;
  const counts = { tags: plan.tags.size, manifests: plan.manifests.size, blobs: plan.blobs.size };
  report({ event: "planned", ...counts, bytes: await bytesToRead(plan, store) });
  let redirectFile = inTree;
  if (redirectVersion === 6) {
    redirectFile = await putWhole(plan, listing, identity, previous, store, options, places, report);
  } else {
    await putBlobs(plan, store, new Map(), report);
    await putManifestsByKind(plan, content);
  }
  if (v1 !== undefined) await writeV1(v1, content, store.pathOf);
  await content.settle();
  reportUntagged(plan, previous, report);
  if (redirectVersion === 5) await putTags(plan, listing, identity, previous, places, report);
  await putRedirectFile(metadata, redirectPath("v2", options.repository), redirectFile, report);
  if (v1 !== undefined) {
    const bytes = version1(identity, v1.images.keys(), v1.tags, previous.others.v1);
    await putRedirectFile(metadata, redirectPath("v1", options.repository), bytes, report);
  }
  const pruning = { after: options.pruneAfter, now: Math.floor(Date.now() / 1000) };
  await prune(content, referencedPaths(plan, store, v1, previous, options), state, pruning, report);
  await writeState(content, state);
  if (pool !== undefined && options.poolTemplate !== undefined) {
    await prunePool(pool, metadata, options.poolTemplate, pruning, report);
  }
}

/**
 * Publishes one repository. The caller holds its lock.
 *
 * @throws {PublishError} when the source is broken, or what is asked for can't be done; the system's error when a file
 * can't be read or written. What was published before is still whole then.
 */
export async function publish(
  openSource: OpenSource,
  options: PublishOptions,
  places: Places,
  report: Report,
): Promise<void> {
  const { content, pool, scratch } = places;
  const state = await readState(
    content,
    pool === undefined ? ownStore(content, options.redirectVersion, false) : pooledStore(pool),
  );
  const onBytes = (bytes: number) => report({ event: "read", bytes });
  const warn = (text: string) => report({ event: "warning", text });
  const source = await openSource({ scratch, compressed: state.compressed, onBytes, warn });
  try {
    await publishReadable(source, options, places, state, report);
  } finally {
    await source.close();
  }
}
