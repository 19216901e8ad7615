import { type Accept, type ManifestKind, MEDIA_TYPE, weightOfType } from "./media-types.ts";
import { fillTemplate } from "./redirect-file/blob-template.ts";
import { contentOf } from "./redirect-file/manifest-content.ts";
import { KIND_BIT, kindsOf } from "./redirect-file/manifest-table.ts";
import type { ReferrerDescriptor, TreeRepository, V2Repository, WholeRepository } from "./redirect-file/repository.ts";
import {
  blobOf,
  configOf,
  knowsAllBlobs,
  manifestOf,
  manifestsOfTag,
  manifestsWithSubject,
  type StoredManifest,
} from "./redirect-file/whole-table.ts";
import { type Digest, isDigest, type Reference, type Tag } from "./reference.ts";

/** Why a reference led where it did; `craned resolve` explains each. */
export type Rule =
  | "unsplit"
  | "no-lists"
  | "blind-list"
  | "blind-amd64"
  | "blind-schema2"
  | "blind-schema1"
  | "digest"
  | "tag"
  | "tag-amd64";

/** The place of a manifest, the manifest itself, or the reason why there is none. */
export type Resolution =
  /** Versions 2 to 5: below the repository's url. */
  | { readonly kind: "path"; readonly path: string; readonly rule: Rule }
  /** Version 6. */
  | { readonly kind: "manifest"; readonly manifest: StoredManifest; readonly rule: Rule }
  /** `types` are the media types that a tag has, none of which the client accepts. */
  | { readonly kind: "unknown"; readonly why: "unknown" | "not-acceptable"; readonly types: readonly string[] };

interface Candidate {
  readonly kind: ManifestKind;
  readonly reference: Reference;
  readonly rule: Rule;
}

const UNKNOWN: Resolution = { kind: "unknown", why: "unknown", types: [] };

const notAcceptable = (types: readonly string[]): Resolution => ({ kind: "unknown", why: "not-acceptable", types });

const DIGEST_PREFERENCE: readonly ManifestKind[] = ["index", "list", "oci", "2", "1"];

const at = (kind: ManifestKind, reference: Reference, rule: Rule): Resolution => ({
  kind: "path",
  path: `manifests/${kind}/${reference}`,
  rule,
});

const has = (kinds: number, kind: ManifestKind): boolean => (kinds & KIND_BIT[kind]) !== 0;

/** Versions 2 to 4 don't list all of their tags, so no reference is unknown, as in Crane 3.3.1. */
function resolveBlindly(repository: TreeRepository, reference: Reference, accept: Accept): Resolution {
  if (repository.version === 2) return { kind: "path", path: `manifests/${reference}`, rule: "unsplit" };
  if (repository.manifests.references.length === 0) return at("1", reference, "no-lists");
  const kinds = kindsOf(repository.manifests, reference) ?? 0;
  if (accept.names.list && has(kinds, "list")) return at("list", reference, "blind-list");
  const amd64 = repository.amd64.get(reference as Tag);
  if (amd64 !== undefined) {
    if (accept.names.schema2) return at(amd64.kind, amd64.digest, "blind-amd64");
    if (amd64.kind === "1") return at("1", amd64.digest, "blind-amd64");
    return at("1", reference, "blind-schema1");
  }
  if (accept.names.schema2 && has(kinds, "2")) return at("2", reference, "blind-schema2");
  return at("1", reference, "blind-schema1");
}

/** The manifests that a tag of a version 5 repository may mean, the preferred one first. */
function candidatesOf(repository: TreeRepository, tag: Tag, kinds: number): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const offer = (kind: ManifestKind) => {
    if (has(kinds, kind)) candidates.push({ kind, reference: tag, rule: "tag" });
  };
  offer("index");
  offer("list");
  const amd64 = repository.amd64.get(tag);
  if (amd64 !== undefined) candidates.push({ kind: amd64.kind, reference: amd64.digest, rule: "tag-amd64" });
  offer("oci");
  offer("2");
  offer("1");
  return candidates;
}

/** The first of the candidates with the highest weight, if that is above 0. */
function preferred<Of>(candidates: readonly Of[], weigh: (candidate: Of) => number): Of | undefined {
  let best: Of | undefined;
  let bestWeight = 0;
  for (const candidate of candidates) {
    const weight = weigh(candidate);
    if (weight > bestWeight) {
      best = candidate;
      bestWeight = weight;
    }
  }
  return best;
}

/** Version 5 lists all of its references. */
function resolveListed(repository: TreeRepository, reference: Reference, accept: Accept): Resolution {
  const kinds = kindsOf(repository.manifests, reference);
  if (kinds === undefined) return UNKNOWN;
  if (isDigest(reference)) {
    const kind = DIGEST_PREFERENCE.find((each) => has(kinds, each));
    return kind === undefined ? UNKNOWN : at(kind, reference, "digest");
  }
  const candidates = candidatesOf(repository, reference, kinds);
  const chosen = preferred(candidates, ({ kind }) => accept.quality[kind]);
  if (chosen !== undefined) return at(chosen.kind, chosen.reference, chosen.rule);
  return notAcceptable([...new Set(candidates.map(({ kind }) => MEDIA_TYPE[kind]))]);
}

/** Version 6 has the manifests themselves. */
function resolveWhole(repository: WholeRepository, reference: Reference, accept: Accept): Resolution {
  if (isDigest(reference)) {
    const manifest = manifestOf(repository, reference);
    return manifest === undefined ? UNKNOWN : { kind: "manifest", manifest, rule: "digest" };
  }
  const candidates = manifestsOfTag(repository, reference);
  const manifest = preferred(candidates, ({ mediaType }) => weightOfType(accept, mediaType));
  if (manifest !== undefined) return { kind: "manifest", manifest, rule: "tag" };
  return candidates.length === 0 ? UNKNOWN : notAcceptable([...new Set(candidates.map((each) => each.mediaType))]);
}

/**
 * Chooses the manifest that a reference names for a client.
 *
 * @param repository one repository, as its redirect file describes it
 * @param reference a parsed tag or digest
 * @param accept the media types that the client takes
 * @returns where the manifest is, the manifest itself, or why there is none
 * @see spec "Which manifest a reference resolves to"
 */
export function resolveManifest(repository: V2Repository, reference: Reference, accept: Accept): Resolution {
  if (repository.version === 6) return resolveWhole(repository, reference, accept);
  return repository.version === 5
    ? resolveListed(repository, reference, accept)
    : resolveBlindly(repository, reference, accept);
}

/** The place of a blob, the blob itself, or `unknown`. */
export type BlobResolution =
  /** A path below the repository's url or, where the file's template is one, an absolute URL. */
  | { readonly kind: "path"; readonly path: string; readonly size: number | undefined }
  /** An embedded config. */
  | { readonly kind: "bytes"; readonly mediaType: string; readonly bytes: Uint8Array }
  | { readonly kind: "unknown" };

const BLOB_UNKNOWN: BlobResolution = { kind: "unknown" };

/**
 * Where the host has a blob, or a manifest whose bytes are not in the file.
 *
 * @returns a path below the repository's url, or an absolute URL
 */
export const blobPath = (repository: V2Repository, digest: Digest): string =>
  repository.version === 6 ? fillTemplate(repository.blobTemplate, digest) : `blobs/${digest}`;

/** Finds a blob. A file of version 2 to 5 lists none, so none is unknown. */
export function resolveBlob(repository: V2Repository, digest: Digest): BlobResolution {
  const path = blobPath(repository, digest);
  if (repository.version !== 6) return { kind: "path", path, size: undefined };
  const config = configOf(repository, digest);
  if (config?.bytes !== undefined) return { kind: "bytes", mediaType: config.mediaType, bytes: config.bytes };
  const blob = blobOf(repository, digest);
  if (blob !== undefined) return { kind: "path", path, size: blob.size };
  const isUnknown = knowsAllBlobs(repository) || manifestOf(repository, digest) !== undefined;
  return isUnknown ? BLOB_UNKNOWN : { kind: "path", path, size: undefined };
}

const utf8 = new TextDecoder();

/** @see OCI distribution-spec 1.1 "Listing Referrers" */
function referrerOf({ mediaType, digest, size, bytes }: StoredManifest): ReferrerDescriptor {
  // The bytes were parsed once already, when the file was read.
  const { artifactType, annotations } = contentOf(JSON.parse(utf8.decode(bytes)));
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
}

/** @returns the descriptors of the manifests that refer to `subject`; undefined in versions 2 to 4, which have none */
export function referrersOf(repository: V2Repository, subject: Digest): readonly ReferrerDescriptor[] | undefined {
  if (repository.version === 6) return manifestsWithSubject(repository, subject).map(referrerOf);
  return repository.version === 5 ? (repository.referrers.get(subject) ?? []) : undefined;
}

/**
 * The tags of a repository without a copy.
 *
 * @returns a list that begins with `count` tags, in ASCII order; undefined in versions 2 to 4, which don't list all tags
 */
export function tagsOf(
  repository: V2Repository,
): { readonly sorted: readonly Reference[]; readonly count: number } | undefined {
  if (repository.version === 6) return { sorted: repository.tags, count: repository.tags.length };
  if (repository.version !== 5) return undefined;
  return { sorted: repository.manifests.references, count: repository.manifests.tagCount };
}
