/** The kinds of requests that contestants are compared by. */
import { blobOf, digestOf, manifestRequests, nameOf } from "./data.ts";
import type { LoadRequest } from "./load.ts";

/** What a request asks for: a manifest by its tag, a blob, the list of tags, a tag that is not there. */
export type Kind = "manifest" | "blob" | "tags" | "missing";

export interface KindRequest extends LoadRequest {
  readonly kind: Kind;
}

/** Of ten requests of the mix. */
const MIX: readonly Kind[] = [
  "manifest",
  "blob",
  "manifest",
  "blob",
  "manifest",
  "tags",
  "manifest",
  "blob",
  "manifest",
  "missing",
];

export type Requests = Readonly<Record<Kind | "mixed", readonly KindRequest[]>>;

/** As many of each kind as there are tags, in a fixed order. */
export function requestsOf(repositories: number, tags: number): Requests {
  const manifests: readonly KindRequest[] = manifestRequests(repositories, tags).map((request) => ({
    ...request,
    kind: "manifest",
  }));
  const digests = Array.from({ length: repositories }, (_, repository) => digestOf(blobOf(repository)));
  const ofKind = (kind: Kind, restOf: (repository: number) => string): readonly KindRequest[] =>
    manifests.map(({ accept }, number) => {
      const repository = (number * 7) % repositories;
      return { kind, accept, path: `/v2/${nameOf(repository)}/${restOf(repository)}` };
    });
  const kinds = {
    manifest: manifests,
    blob: ofKind("blob", (repository) => `blobs/${digests[repository]}`),
    tags: ofKind("tags", () => "tags/list"),
    missing: ofKind("missing", () => "manifests/none"),
  };
  const mixed = manifests.map((manifest, number) => kinds[MIX[number % MIX.length] ?? "manifest"][number] ?? manifest);
  return { ...kinds, mixed };
}
