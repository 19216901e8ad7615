/** Handlers of v2: from a view and parsed parameters to an answer, or to the place of a file. */

import type { HeaderFields } from "../../content/content.ts";
import type { Accept } from "../../core/media-types.ts";
import type { V2Repository } from "../../core/redirect-file/repository.ts";
import { type Digest, isDigest, otherSpelling, type Reference, type RepositoryName } from "../../core/reference.ts";
import { blobPath, referrersOf, resolveBlob, resolveManifest, tagsOf } from "../../core/resolve.ts";
import type { Answer, Outcome } from "../answer.ts";
import { V2_HEADERS, v2Error } from "../errors.ts";
import { pageOf } from "../page.ts";
import { localName, type View, visibleV1, visibleV2 } from "../view.ts";

const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

const json = (value: unknown, headers: HeaderFields = {}): Answer => ({
  status: 200,
  headers: { "Content-Type": "application/json", ...V2_HEADERS, ...headers },
  body: JSON.stringify(value),
});

const MANIFEST_UNKNOWN = v2Error("MANIFEST_UNKNOWN");
const BLOB_UNKNOWN = v2Error("BLOB_UNKNOWN");
const NAME_UNKNOWN = v2Error("NAME_UNKNOWN");

/** `/v2/`: says that this is a v2 registry. */
export const BASE: Answer = json({});

/** A repository as a client names it, and the registry that this one mirrors for the client. */
export interface RequestedName {
  readonly name: RepositoryName;
  readonly ns: string | undefined;
}

function bySpelling<Found>(name: string, find: (name: string) => Found | undefined): Found | undefined {
  const other = otherSpelling(name);
  return find(name) ?? (other === undefined ? undefined : find(other));
}

interface Lookup {
  readonly repository: V2Repository | undefined;
  /** Whether the client may see v1 content of that name. */
  readonly hasV1: () => boolean;
}

function lookUp(view: View, named: RequestedName): Lookup {
  const name = localName(view, named.name, named.ns);
  return {
    repository: name === undefined ? undefined : bySpelling(name, (each) => visibleV2(view, each)),
    hasV1: () => name !== undefined && bySpelling(name, (each) => visibleV1(view, each)) !== undefined,
  };
}

/**
 * `/v2/<name>/manifests/<reference>`
 *
 * @see spec "Which manifest a reference resolves to"
 */
export function manifest(view: View, named: RequestedName, reference: Reference, accept: Accept): Outcome {
  const { repository, hasV1 } = lookUp(view, named);
  // Docker before 1.10 falls back to v1 on this code only.
  if (repository === undefined) return hasV1() ? MANIFEST_UNKNOWN : NAME_UNKNOWN;
  const isByDigest = isDigest(reference);
  const resolution = resolveManifest(repository, reference, accept);
  switch (resolution.kind) {
    case "unknown":
      return resolution.types.length === 0
        ? MANIFEST_UNKNOWN
        : v2Error("MANIFEST_UNKNOWN", { detail: { mediaTypes: resolution.types } });
    case "path": {
      const learned = isByDigest ? undefined : view.learnedTags?.(repository);
      if (learned !== undefined && !learned.has(reference)) return MANIFEST_UNKNOWN;
      return { repository, path: resolution.path, isByDigest, missing: MANIFEST_UNKNOWN };
    }
    case "manifest": {
      const { digest, mediaType, size, bytes } = resolution.manifest;
      if (bytes === undefined) {
        return {
          repository,
          path: blobPath(repository, digest),
          isByDigest,
          missing: MANIFEST_UNKNOWN,
          known: { digest, mediaType, size },
        };
      }
      return bytesOf(digest, mediaType, bytes, isByDigest);
    }
  }
}

/** Answers with bytes that the redirect file carries. */
const bytesOf = (digest: Digest, mediaType: string, body: Uint8Array, isByDigest: boolean): Answer => ({
  status: 200,
  headers: { ...V2_HEADERS, "Content-Type": mediaType, "Docker-Content-Digest": digest, ETag: `"${digest}"` },
  body,
  freshness: isByDigest ? "immutable" : "changing",
});

/** `/v2/<name>/blobs/<digest>` */
export function blob(view: View, named: RequestedName, digest: Digest): Outcome {
  const { repository } = lookUp(view, named);
  if (repository === undefined) return NAME_UNKNOWN;
  const resolution = resolveBlob(repository, digest);
  switch (resolution.kind) {
    case "unknown":
      return BLOB_UNKNOWN;
    case "bytes":
      return bytesOf(digest, resolution.mediaType, resolution.bytes, true);
    case "path": {
      const { path, size } = resolution;
      const known = size === undefined ? undefined : { digest, mediaType: "application/octet-stream", size };
      return { repository, path, isByDigest: true, missing: BLOB_UNKNOWN, known };
    }
  }
}

/** The start and length of a page. */
export interface PageQuery {
  readonly n?: number | undefined;
  readonly last?: string | undefined;
}

/** `/v2/<name>/tags/list`: from the file where it knows its tags, else from the publisher's own list. */
export function tags(view: View, named: RequestedName, query: PageQuery): Outcome {
  const { repository, hasV1 } = lookUp(view, named);
  if (repository === undefined) return NAME_UNKNOWN;
  const known = tagsOf(repository);
  if (known === undefined) return { repository, path: "tags/list", isByDigest: false, missing: NAME_UNKNOWN };
  // `docker pull -a` then goes on with v1 instead of succeeding with nothing.
  if (known.count === 0 && hasV1()) return NAME_UNKNOWN;
  const { items, next } = pageOf({ ...known, isShown: () => true }, { ...query, ns: named.ns });
  return json({ name: named.name, tags: items }, next === undefined ? {} : { Link: next });
}

/** `/v2/<name>/referrers/<digest>` */
export function referrers(view: View, named: RequestedName, subject: Digest, artifactType: string | undefined): Answer {
  const { repository } = lookUp(view, named);
  if (repository === undefined) return NAME_UNKNOWN;
  const all = referrersOf(repository, subject);
  // 404 sends clients to the tag schema: OCI distribution-spec "Unavailable Referrers API".
  if (all === undefined) return v2Error("UNSUPPORTED");
  const manifests = artifactType === undefined ? all : all.filter((each) => each["artifactType"] === artifactType);
  return {
    status: 200,
    headers: {
      "Content-Type": INDEX_TYPE,
      ...V2_HEADERS,
      ...(artifactType !== undefined && { "OCI-Filters-Applied": "artifactType" }),
    },
    body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
  };
}

/** `/v2/_catalog`: the names that this client may see. */
export function catalog(view: View, query: PageQuery): Answer {
  const { names } = view.catalog.v2;
  const listed = { sorted: names, count: names.length, isShown: (name: string) => visibleV2(view, name) !== undefined };
  const { items, next } = pageOf(listed, query);
  return json({ repositories: items }, next === undefined ? {} : { Link: next });
}
