/** A redirect file of version 6: every manifest, what each tag means, and where blobs are. */
import { type ManifestKind, MEDIA_TYPE } from "../../core/media-types.ts";
import type { Digest, Tag } from "../../core/reference.ts";
import type { PlannedTag } from "../plan.ts";
import type { Manifest } from "../sources/manifest.ts";
import { array, encode, head, type Identity, inOrder, type OtherFields, object } from "./text.ts";
import type { Listing } from "./version-5.ts";

/** A blob that the redirect file carries itself. */
export interface EmbeddedBlob {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The contents of the file. */
export interface Version6Content {
  readonly manifests: Iterable<Pick<Manifest, "kind" | "digest" | "bytes">>;
  /** Each with its manifests, the preferred one first. */
  readonly tags: ReadonlyMap<Tag, readonly Digest[]>;
  readonly configs: ReadonlyMap<Digest, EmbeddedBlob>;
  /** The URL template of blobs; undefined for the default, which is an OCI image layout's. */
  readonly blobs: string | undefined;
}

/** Larger manifests stay on the host, in bytes. */
export const MAX_EMBEDDED_MANIFEST = 4 * 1024 * 1024;

/** Larger configurations stay on the host, in bytes. */
export const MAX_EMBEDDED_CONFIG = 64 * 1024;

/**
 * The manifests of each tag in the order of version 5: an index, a docker list, the list's image for clients that can't
 * read it, and then the tag's own image. Of an index clients get no image, as distribution has it.
 */
export function meaningOfTags(
  tags: Iterable<PlannedTag>,
  amd64: Listing["amd64"],
): ReadonlyMap<Tag, readonly Digest[]> {
  const byTag = new Map<Tag, Partial<Record<ManifestKind, Digest>>>();
  for (const { tag, kind, digest } of tags) byTag.set(tag, { ...byTag.get(tag), [kind]: digest });
  const meaning = new Map<Tag, readonly Digest[]>();
  for (const [tag, of] of byTag) {
    const inside = of.list === undefined ? undefined : amd64.get(tag)?.digest;
    const inPreference = [of.index, of.list, inside, of.oci, of["2"], of["1"]];
    meaning.set(tag, [...new Set(inPreference.filter((digest) => digest !== undefined))]);
  }
  return meaning;
}

const withData = (mediaType: string, digest: Digest, bytes: Uint8Array, isEmbedded: boolean): string =>
  JSON.stringify({
    mediaType,
    digest,
    size: bytes.length,
    ...(isEmbedded && { data: Buffer.from(bytes).toString("base64") }),
  });

/** The bytes of a version 6 file. @param others fields that it has beside those of its format, with their JSON */
export function version6(identity: Identity, whole: Version6Content, others: OtherFields = []): Uint8Array {
  const { tags, configs, blobs } = whole;
  const tagEntries = inOrder(tags).map(([tag, [only, ...more]]) => {
    return [tag, JSON.stringify(more.length === 0 ? only : [only, ...more])] as const;
  });
  const manifests = inOrder([...whole.manifests].map((each) => [each.digest, each] as const)).map(
    ([digest, { kind, bytes }]) => withData(MEDIA_TYPE[kind], digest, bytes, bytes.length <= MAX_EMBEDDED_MANIFEST),
  );
  const embedded = inOrder(configs).map(([digest, { mediaType, bytes }]) => withData(mediaType, digest, bytes, true));
  return encode([
    ...head(identity, 6),
    ...(blobs === undefined ? [] : [["blobs", JSON.stringify(blobs)] as const]),
    ["tags", object(tagEntries, "  ")],
    ["manifests", array(manifests, "  ")],
    ["configs", array(embedded, "  ")],
    ...others,
  ]);
}
