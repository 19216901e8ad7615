/** Redirect files of version 5: the same bytes for the same content. */
import type { ManifestKind } from "../../core/media-types.ts";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { KIND_BIT } from "../../core/redirect-file/manifest-table.ts";
import type { Amd64Manifest, TreeRepository } from "../../core/redirect-file/repository.ts";
import type { Digest, Reference, RepositoryName, Tag } from "../../core/reference.ts";
import type { Plan } from "../plan.ts";
import type { Manifest } from "../sources/manifest.ts";
import { kindOfType } from "../sources/manifest.ts";
import { array, encode, head, type Identity, inOrder, type OtherFields, object, sortedList } from "./text.ts";

/** A descriptor as a list of referrers has it. */
type Referrer = Readonly<Record<string, unknown>>;

/** All that a version 5 file knows. */
export interface Listing {
  readonly references: Readonly<Record<ManifestKind, ReadonlySet<Reference>>>;
  readonly amd64: ReadonlyMap<Tag, Amd64Manifest>;
  readonly referrers: ReadonlyMap<Digest, readonly Referrer[]>;
}

export const KINDS: readonly ManifestKind[] = ["1", "2", "list", "oci", "index"];

/** No references of any kind. */
export const noReferences = () => ({
  "1": new Set<Reference>(),
  "2": new Set<Reference>(),
  list: new Set<Reference>(),
  oci: new Set<Reference>(),
  index: new Set<Reference>(),
});

/** The manifest for those who can't read the list: the first that is for linux/amd64, of schema 2 or 1. */
function amd64Of({ children }: Manifest, manifests: Plan["manifests"]): Amd64Manifest | undefined {
  for (const { digest, mediaType, platform } of children) {
    // A list may name what the source does not have.
    if (!manifests.has(digest)) continue;
    const kind = kindOfType(mediaType);
    const isAmd64 = platform?.os === "linux" && platform.architecture === "amd64";
    if (isAmd64 && (kind === "1" || kind === "2")) return { digest, kind };
  }
  return undefined;
}

/** @see OCI distribution-spec 1.1 "Listing Referrers" */
function referrerOf({ kind, digest, bytes, artifactType, annotations, config }: Manifest): Referrer {
  const type = artifactType ?? config?.mediaType;
  return {
    mediaType: MEDIA_TYPE[kind],
    digest,
    size: bytes.length,
    ...(type !== undefined && { artifactType: type }),
    ...(annotations !== undefined && { annotations }),
  };
}

function referrersOf(manifests: Iterable<Manifest>): ReadonlyMap<Digest, readonly Referrer[]> {
  const referrers = new Map<Digest, Referrer[]>();
  const sorted = inOrder([...manifests].map((manifest) => [manifest.digest, manifest] as const));
  for (const [, manifest] of sorted) {
    if (manifest.subject === undefined) continue;
    const others = referrers.get(manifest.subject);
    if (others === undefined) referrers.set(manifest.subject, [referrerOf(manifest)]);
    else others.push(referrerOf(manifest));
  }
  return referrers;
}

/** Lists the tags and digests of a plan. */
export function listingOf({ manifests, tags }: Plan): Listing {
  const references = noReferences();
  const amd64 = new Map<Tag, Amd64Manifest>();
  for (const { kind, digest } of manifests.values()) references[kind].add(digest);
  // A docker list goes before an index with the same tag: it is the older of the two that a client may read.
  for (const kind of ["index", "list"] as const) {
    for (const each of tags.values()) {
      const manifest = each.kind === kind ? manifests.get(each.digest) : undefined;
      const image = manifest === undefined ? undefined : amd64Of(manifest, manifests);
      if (image !== undefined) amd64.set(each.tag, image);
    }
  }
  for (const { tag, kind } of tags.values()) references[kind].add(tag);
  return { references, amd64, referrers: referrersOf(manifests.values()) };
}

/**
 * Returns the published references, and all digests of the next listing. While the entries of tags are replaced one by
 * one, the images of every list whose tag has moved already are known, and can be pulled.
 */
export function widened({ manifests, amd64, referrers }: TreeRepository, next: Listing): Listing {
  const references = noReferences();
  for (const kind of KINDS) {
    for (const reference of next.references[kind]) if (reference.includes(":")) references[kind].add(reference);
  }
  manifests.references.forEach((reference, at) => {
    for (const kind of KINDS) if (manifests.kinds.charCodeAt(at) & KIND_BIT[kind]) references[kind].add(reference);
  });
  return { references, amd64, referrers };
}

/**
 * The bytes of a version 5 file.
 *
 * @param others fields that it has beside those of its format, with their JSON
 */
export function version5(
  identity: Identity,
  { references, amd64, referrers }: Listing,
  others: OtherFields = [],
): Uint8Array {
  const amd64Entries = inOrder(amd64).map(
    ([tag, { digest, kind }]) => [tag, `[${JSON.stringify(digest)}, ${kind}]`] as const,
  );
  const referrerEntries = inOrder(referrers).map(
    ([subject, each]) =>
      [
        subject,
        array(
          each.map((referrer) => JSON.stringify(referrer)),
          "    ",
        ),
      ] as const,
  );
  return encode([
    ...head(identity, 5),
    ["schema1_data", sortedList(references["1"])],
    ["schema2_data", sortedList(references["2"])],
    ["manifest_list_data", sortedList(references.list)],
    ["manifest_list_amd64_tags", object(amd64Entries, "  ")],
    ["oci_manifest_data", sortedList(references.oci)],
    ["oci_index_data", sortedList(references.index)],
    ["referrers", object(referrerEntries, "  ")],
    ...others,
  ]);
}

/** The bytes of `tags/list`. */
export function tagsList(name: RepositoryName, tags: Iterable<Tag>): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ name, tags: [...new Set(tags)].sort() })}\n`);
}
