import type { Accept, ManifestKind } from "./media-types.ts";
import { KIND_BIT, kindsOf, type V2Repository } from "./redirect-file/repository.ts";
import { isDigest, type Reference, type Tag } from "./reference.ts";

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

/** Where a manifest is, or that the repository does not have it. */
export type Resolution =
  | { readonly found: true; readonly path: string; readonly rule: Rule }
  | { readonly found: false; readonly why: "unknown" | "not-acceptable" };

interface Candidate {
  readonly kind: ManifestKind;
  readonly reference: Reference;
  readonly rule: Rule;
}

const UNKNOWN: Resolution = { found: false, why: "unknown" };
const NOT_ACCEPTABLE: Resolution = { found: false, why: "not-acceptable" };

const DIGEST_PREFERENCE: readonly ManifestKind[] = ["index", "list", "oci", "2", "1"];

const at = (kind: ManifestKind, reference: Reference, rule: Rule): Resolution => ({
  found: true,
  path: `manifests/${kind}/${reference}`,
  rule,
});

const has = (kinds: number, kind: ManifestKind): boolean => (kinds & KIND_BIT[kind]) !== 0;

/** Versions 2 to 4 don't list all of their tags, so nothing is unknown: as Crane 3.3.1 did. */
function resolveBlindly(repository: V2Repository, reference: Reference, accept: Accept): Resolution {
  if (repository.version === 2) return { found: true, path: `manifests/${reference}`, rule: "unsplit" };
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
function candidatesOf(repository: V2Repository, tag: Tag, kinds: number): readonly Candidate[] {
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

/** The first of the candidates that the client weighs highest, if it takes any. */
function preferred(candidates: readonly Candidate[], accept: Accept): Candidate | undefined {
  let best: Candidate | undefined;
  let bestQuality = 0;
  for (const candidate of candidates) {
    const quality = accept.quality[candidate.kind];
    if (quality > bestQuality) {
      best = candidate;
      bestQuality = quality;
    }
  }
  return best;
}

/**
 * Chooses the manifest that a reference names for a client.
 *
 * @param repository what one redirect file says
 * @param reference a tag or a digest, already parsed
 * @param accept the media types that the client takes
 * @returns where the manifest is below the repository's url, or why there is none
 * @see spec "Which manifest a reference resolves to"
 */
export function resolveManifest(repository: V2Repository, reference: Reference, accept: Accept): Resolution {
  if (repository.version !== 5) return resolveBlindly(repository, reference, accept);
  const kinds = kindsOf(repository.manifests, reference);
  if (kinds === undefined) return UNKNOWN;
  if (isDigest(reference)) {
    const kind = DIGEST_PREFERENCE.find((each) => has(kinds, each));
    return kind === undefined ? UNKNOWN : at(kind, reference, "digest");
  }
  const chosen = preferred(candidatesOf(repository, reference, kinds), accept);
  return chosen === undefined ? NOT_ACCEPTABLE : at(chosen.kind, chosen.reference, chosen.rule);
}
