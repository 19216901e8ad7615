import type { Accept } from "../core/media-types.ts";
import type { V2Repository } from "../core/redirect-file/repository.ts";
import { parseDigest, parseReference, parseRepositoryName } from "../core/reference.ts";
import { resolveManifest } from "../core/resolve.ts";
import type { Answer } from "./answer.ts";
import { V2_HEADER, v2Error } from "./errors.ts";
import type { Outcome } from "./found.ts";
import { type Listed, pageOf } from "./page.ts";
import { type View, visibleV2 } from "./registry.ts";
import { isPlainPath } from "./target.ts";

const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

const json = (value: unknown, headers: Answer["headers"] = []): Answer => ({
  status: 200,
  headers: [["Content-Type", "application/json"], V2_HEADER, ...headers],
  body: JSON.stringify(value),
});

const MANIFEST_UNKNOWN = v2Error("MANIFEST_UNKNOWN");
const BLOB_UNKNOWN = v2Error("BLOB_UNKNOWN");
const NAME_UNKNOWN = v2Error("NAME_UNKNOWN");

/** `/v2/`: that this is a v2 registry. */
export const V2_BASE: Answer = json({});

/** The repository of that name, or the answer that there is none. */
function findRepository(view: View, text: string): V2Repository | Answer {
  const repository = visibleV2(view, text);
  if (repository !== undefined) return repository;
  return parseRepositoryName(text) === undefined ? v2Error("NAME_INVALID") : NAME_UNKNOWN;
}

const isAnswer = (found: V2Repository | Answer): found is Answer => "status" in found;

/** A digest that can't be parsed is bad; one that would have to be decoded first is no path at all. */
const badDigest = (text: string): Answer => v2Error(isPlainPath(text) ? "DIGEST_INVALID" : "NAME_UNKNOWN");

/** `/v2/<name>/manifests/<reference>` */
export function answerManifest(view: View, name: string, referenceText: string, accept: Accept): Outcome {
  const repository = findRepository(view, name);
  if (isAnswer(repository)) return repository;
  const reference = parseReference(referenceText);
  if (reference === undefined) return MANIFEST_UNKNOWN;
  const resolution = resolveManifest(repository, reference, accept);
  if (resolution.kind !== "path") return MANIFEST_UNKNOWN;
  const isByDigest = parseDigest(referenceText) !== undefined;
  return { repository, path: resolution.path, isByDigest, missing: MANIFEST_UNKNOWN };
}

/** `/v2/<name>/blobs/<digest>` */
export function answerBlob(view: View, name: string, digestText: string): Outcome {
  const digest = parseDigest(digestText);
  if (digest === undefined) return badDigest(digestText);
  const repository = findRepository(view, name);
  return isAnswer(repository)
    ? repository
    : { repository, path: `blobs/${digest}`, isByDigest: true, missing: BLOB_UNKNOWN };
}

function answerPage(path: string, query: string, listed: Listed<string>, body: (items: readonly string[]) => object) {
  const page = pageOf(listed, path, query);
  if (page === undefined) return v2Error("PAGINATION_NUMBER_INVALID");
  return json(body(page.items), page.next === undefined ? [] : [["Link", page.next]]);
}

/** `/v2/<name>/tags/list`: from the file where it knows its tags, else from the publisher's own list. */
export function answerTags(view: View, name: string, query: string): Outcome {
  const repository = findRepository(view, name);
  if (isAnswer(repository)) return repository;
  if (repository.version !== 5) return { repository, path: "tags/list", isByDigest: false, missing: NAME_UNKNOWN };
  const { references, tagCount } = repository.manifests;
  const listed = { sorted: references, count: tagCount, isShown: () => true };
  return answerPage(`/v2/${name}/tags/list`, query, listed, (items) => ({ name, tags: items }));
}

/** `/v2/<name>/referrers/<digest>` */
export function answerReferrers(view: View, name: string, digestText: string, query: string): Answer {
  const subject = parseDigest(digestText);
  if (subject === undefined) return badDigest(digestText);
  const repository = findRepository(view, name);
  if (isAnswer(repository)) return repository;
  // 404 sends clients to the tag schema: OCI distribution-spec "Unavailable Referrers API".
  if (repository.version !== 5) return v2Error("UNSUPPORTED");
  const artifactType = new URLSearchParams(query).get("artifactType");
  const all = repository.referrers.get(subject) ?? [];
  const manifests = artifactType === null ? all : all.filter((each) => each["artifactType"] === artifactType);
  return {
    status: 200,
    headers: [
      ["Content-Type", INDEX_TYPE],
      V2_HEADER,
      ...(artifactType === null ? [] : ([["OCI-Filters-Applied", "artifactType"]] as const)),
    ],
    body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
  };
}

/** `/v2/_catalog`: the names that this client may see. */
export function answerCatalog(view: View, query: string): Answer {
  const { names } = view.catalog.v2;
  const listed = { sorted: names, count: names.length, isShown: (name: string) => visibleV2(view, name) !== undefined };
  return answerPage("/v2/_catalog", query, listed, (repositories) => ({ repositories }));
}
