/** Summaries of tags in lists. */
import type { ManifestKind } from "../../../core/media-types.ts";
import { KIND_BIT, kindsOf } from "../../../core/redirect-file/manifest-table.ts";
import type { V2Repository, WholeRepository } from "../../../core/redirect-file/repository.ts";
import { createdOf, manifestsOfTag } from "../../../core/redirect-file/whole-table.ts";
import type { Digest, Tag } from "../../../core/reference.ts";
import { detailsOf, imagesOf, isAttestation, type ManifestDetails, type Purpose } from "./manifest-details.ts";
import { KIND_NAMES, mediaTypeName } from "./names.ts";

/** A tag, as far as its repository's file describes it. */
export interface TagSummary {
  /** Undefined where the file does not tell. */
  readonly purpose: Purpose | undefined;
  /** Names of the types that the tag has. */
  readonly types: readonly string[];
  readonly platforms: readonly string[];
  /** From the smallest to the largest image. */
  readonly sizes: readonly number[];
  readonly created: number | undefined;
  readonly digest: Digest | undefined;
}

/** Names of the kinds of manifest that a file of version 2 to 5 has of a reference. */
export function kindNames(repository: V2Repository, reference: Tag | Digest): readonly string[] {
  if (repository.version === 6) return [];
  const bits = kindsOf(repository.manifests, reference) ?? 0;
  return (Object.keys(KIND_NAMES) as ManifestKind[])
    .filter((kind) => (bits & KIND_BIT[kind]) !== 0)
    .sort((a, b) => KIND_BIT[b] - KIND_BIT[a])
    .map((kind) => KIND_NAMES[kind]);
}

interface Contents {
  readonly platforms: readonly string[];
  readonly sizes: readonly number[];
}

/** Summarizes a manifest, and the images of an index. */
export function contentsOf(repository: WholeRepository, details: ManifestDetails): Contents {
  if (details.children.length === 0) {
    const { config, contentSize } = details;
    return {
      platforms: config?.platform === undefined ? [] : [config.platform],
      sizes: contentSize === undefined ? [] : [contentSize],
    };
  }
  const images = imagesOf(
    repository,
    details.children.filter((child) => !isAttestation(child)),
  );
  const known = images.flatMap((image) => image.details ?? []);
  return {
    platforms: images.flatMap((image) => image.child.platform ?? image.details?.config?.platform ?? []),
    sizes: known.flatMap(({ contentSize }) => contentSize ?? []).sort((a, b) => a - b),
  };
}

/** Summarizes a tag of the v2 API. */
export function summaryOf(repository: V2Repository, tag: Tag): TagSummary {
  const unknown = { platforms: [], sizes: [], created: undefined, digest: undefined };
  if (repository.version !== 6) return { purpose: undefined, types: kindNames(repository, tag), ...unknown };
  const manifests = manifestsOfTag(repository, tag);
  const types = manifests.map(({ mediaType }) => mediaTypeName(mediaType));
  const [manifest] = manifests;
  const details = manifest === undefined ? undefined : detailsOf(repository, manifest);
  const created = manifest === undefined ? undefined : createdOf(repository, manifest.digest);
  const known = { types, created, digest: manifest?.digest };
  if (details === undefined) return { purpose: undefined, ...unknown, ...known };
  return { purpose: details.purpose, ...known, ...contentsOf(repository, details) };
}
