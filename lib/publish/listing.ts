/** What a redirect file will say, and its text: the same bytes for the same content. */
import type { ManifestKind } from "../core/media-types.ts";
import { MEDIA_TYPE } from "../core/media-types.ts";
import { KIND_BIT } from "../core/redirect-file/manifest-table.ts";
import type { Amd64Manifest, TreeRepository } from "../core/redirect-file/repository.ts";
import type { Digest, ImageId, Reference, RepositoryName, Tag } from "../core/reference.ts";
import type { Manifest } from "./sources/manifest.ts";
import { kindOfType } from "./sources/manifest.ts";
import type { OtherFields } from "./other-fields.ts";
import type { Plan } from "./plan.ts";

/** What every redirect file says. */
export interface Identity {
  readonly name: RepositoryName;
  /** The directory of the content, and the name of the file. */
  readonly repository: string;
  /** Where that directory is, with a final slash. */
  readonly url: string;
  readonly isProtected: boolean;
}

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

/** ASCII order, which is the order by code units. */
const inOrder = <Key extends string, Value>(
  entries: Iterable<readonly [Key, Value]>,
): readonly (readonly [Key, Value])[] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

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

/** What the file will say of a plan. */
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
 * What was published, and by digest all that will be. While the entries of tags are replaced one by one, this makes
 * every list whole whose tag has already moved: its images are known, and can be pulled.
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

/** An object whose keys are in this very order: a JavaScript object would put keys that look like numbers first. */
const object = (entries: Iterable<readonly [string, string]>, indent: string): string => {
  const lines = [...entries].map(([key, text]) => `${indent}  ${JSON.stringify(key)}: ${text}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
};

const array = (items: readonly string[], indent: string): string =>
  items.length === 0 ? "[]" : `[\n${items.map((item) => `${indent}  ${item}`).join(",\n")}\n${indent}]`;

const sortedList = (references: Iterable<string>): string =>
  array(
    [...references].sort().map((each) => JSON.stringify(each)),
    "  ",
  );

const head = (
  { name, repository, url, isProtected }: Identity,
  version: number,
): readonly (readonly [string, string])[] => [
  ["type", '"pulp-docker-redirect"'],
  ["version", String(version)],
  ["repository", JSON.stringify(repository)],
  ["repo-registry-id", JSON.stringify(name)],
  ["url", JSON.stringify(url)],
  ["protected", String(isProtected)],
];

const encode = (entries: Iterable<readonly [string, string]>): Uint8Array =>
  new TextEncoder().encode(`${object(entries, "")}\n`);

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

/** The bytes of a version 1 file. @param others as above */
export function version1(
  identity: Identity,
  images: Iterable<ImageId>,
  tags: ReadonlyMap<Tag, ImageId>,
  others: OtherFields = [],
): Uint8Array {
  const ids = [...images].sort().map((id) => JSON.stringify({ id }));
  const tagEntries = inOrder(tags).map(([tag, id]) => [tag, JSON.stringify(id)] as const);
  return encode([...head(identity, 1), ["images", array(ids, "  ")], ["tags", object(tagEntries, "  ")], ...others]);
}

/** The bytes of `tags/list`. */
export function tagsList(name: RepositoryName, tags: Iterable<Tag>): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ name, tags: [...new Set(tags)].sort() })}\n`);
}
