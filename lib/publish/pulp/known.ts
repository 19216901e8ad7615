/** Reads a published tree into the form of a redirect file. */
import type { ManifestKind } from "../../core/media-types.ts";
import { plain } from "../../core/redirect-file/fault.ts";
import type { V2Repository } from "../../core/redirect-file/repository.ts";
import { type Digest, isDigest, type Reference } from "../../core/reference.ts";
import { type Plan, type PlannedTag, tagKey } from "../plan.ts";
import { entriesOf } from "../redirect-file/previous.ts";
import { type Listing, listingOf, noReferences } from "../redirect-file/version-5.ts";
import { kindOfType, type Manifest } from "../sources/manifest.ts";
import type { NamedManifest } from "./tree.ts";

/** The content of a tree, and its faults for clients. */
export interface KnownTree {
  readonly listing: Listing;
  readonly plan: Plan;
  readonly faults: readonly string[];
}

const keyOf = (kind: ManifestKind, reference: Reference): string => `manifests/${kind}/${reference}`;

/** Every manifest once, under its digest if it has that name too. */
function distinct(entries: readonly NamedManifest[]): ReadonlyMap<Digest, NamedManifest> {
  const byDigest = new Map<Digest, NamedManifest>();
  for (const entry of entries) {
    const { digest } = entry.manifest;
    if (!byDigest.has(digest) || isDigest(entry.reference)) byDigest.set(digest, entry);
  }
  return byDigest;
}

/** Says what lists lead to in vain. */
function* gapsIn(entries: Iterable<NamedManifest>, there: ReadonlySet<string>): Generator<string> {
  for (const { reference, manifest } of entries) {
    for (const { digest, mediaType } of manifest.children) {
      const kind = kindOfType(mediaType);
      if (kind !== undefined && !there.has(keyOf(kind, digest))) {
        yield `${keyOf(manifest.kind, reference)} names ${keyOf(kind, digest)}, which is not there`;
      }
    }
  }
}

/** Says which tags a client was promised in vain. */
function* unkept(promised: readonly string[], entries: readonly NamedManifest[]): Generator<string> {
  const names = new Set<string>(entries.map(({ reference }) => reference));
  for (const tag of promised) if (!names.has(tag)) yield `tags/list names the tag ${plain(tag)}, which is not there`;
}

/** Says what the old file sent clients to in vain. */
function* lostBetween(repository: V2Repository, there: ReadonlySet<string>): Generator<string> {
  if (repository.version === 6) return;
  for (const { reference, kind } of entriesOf(repository)) {
    if (!there.has(keyOf(kind, reference))) {
      yield `the redirect file names ${keyOf(kind, reference)}, which is not there`;
    }
  }
}

/**
 * Lists what is there, and nothing else.
 *
 * @param repository what the redirect file has said so far
 * @param promised the tags of `tags/list`
 */
export function knownOf(
  entries: readonly NamedManifest[],
  repository: V2Repository,
  promised: readonly string[],
): KnownTree {
  const there = new Set(entries.map(({ reference, manifest }) => keyOf(manifest.kind, reference)));
  const references = noReferences();
  const manifests = new Map<Digest, Manifest>();
  const byDigest = new Map<Digest, Manifest>();
  const tags = new Map<string, PlannedTag>();
  for (const { reference, manifest } of entries) {
    const { kind, digest } = manifest;
    references[kind].add(reference);
    manifests.set(digest, manifest);
    if (isDigest(reference)) byDigest.set(digest, manifest);
    else tags.set(tagKey(kind, reference), { tag: reference, kind, digest });
  }
  const nothing = { blobs: new Map(), foreign: new Set<Digest>() };
  const plan = { manifests, tags, ...nothing };
  const { amd64 } = listingOf(plan);
  // A referrer that has no name but a tag could not be fetched.
  const { referrers } = listingOf({ manifests: byDigest, tags: new Map(), ...nothing });
  const canBeFetched = new Map([...amd64].filter(([, { kind, digest }]) => there.has(keyOf(kind, digest))));
  const faults = [
    ...gapsIn(distinct(entries).values(), there),
    ...unkept(promised, entries),
    ...lostBetween(repository, there),
  ];
  return { listing: { references, amd64: canBeFetched, referrers }, plan, faults };
}
