/** The tree of version 5: manifests by kind, and an entry for each tag. */
import { MEDIA_TYPE } from "../core/media-types.ts";
import { AT_ONCE } from "./blobs.ts";
import type { Report } from "./events.ts";
import { inParallel } from "./in-parallel.ts";
import { JSON_TYPE, manifestPath, TAGS_LIST } from "./layout-paths.ts";
import type { Plan, PlannedTag } from "./plan.ts";
import { type Previous, redirectPath } from "./redirect-file/previous.ts";
import type { Identity } from "./redirect-file/text.ts";
import { type Listing, tagsList, version5, widened } from "./redirect-file/version-5.ts";
import type { Places } from "./targets/places.ts";
import type { Target } from "./targets/target.ts";

/** Writes each manifest under its digest. */
export async function putManifestsByKind({ manifests }: Plan, content: Target): Promise<void> {
  await inParallel(manifests.values(), AT_ONCE, async ({ kind, digest, bytes }) => {
    const path = manifestPath(kind, digest);
    if ((await content.sizeOf(path)) !== bytes.length) await content.write(path, MEDIA_TYPE[kind], bytes);
  });
}

/** Says which tags are new or move. @returns those whose entry is not yet what it has to be */
export async function staleTags(
  { tags, manifests }: Plan,
  content: Target,
  report: Report,
): Promise<readonly PlannedTag[]> {
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

/** Replaces the entries of tags one by one, and the list of them. */
export async function putTags(
  plan: Plan,
  listing: Listing,
  identity: Identity,
  previous: Previous,
  { content, metadata }: Places,
  report: Report,
): Promise<void> {
  const stale = await staleTags(plan, content, report);
  if (stale.length > 0 && previous.v2?.version === 5) {
    const { url, isProtected } = previous.v2;
    const between = version5({ ...identity, url, isProtected }, widened(previous.v2, listing), previous.others.v2);
    await metadata.write(redirectPath("v2", identity.repository), JSON_TYPE, between);
    await metadata.settle();
  }
  for (const { tag, kind, digest } of stale) {
    await content.duplicate(manifestPath(kind, tag), manifestPath(kind, digest), MEDIA_TYPE[kind]);
  }
  const list = tagsList(
    identity.name,
    [...plan.tags.values()].map(({ tag }) => tag),
  );
  const there = await content.read(TAGS_LIST);
  if (there === undefined || Buffer.compare(there, list) !== 0) await content.write(TAGS_LIST, JSON_TYPE, list);
  await content.settle();
}

/** Everything in the tree beside blobs. */
export const treePaths = ({ manifests, tags }: Plan): readonly string[] => [
  TAGS_LIST,
  ...[...manifests.values()].map(({ kind, digest }) => manifestPath(kind, digest)),
  ...[...tags.values()].map(({ kind, tag }) => manifestPath(kind, tag)),
];
