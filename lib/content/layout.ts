/** What a path of the published tree says of the file there. */
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { type Digest, parseDigest } from "../core/reference.ts";

/** The two layouts that content comes in. */
export type ContentApi = "v1" | "v2";

/** A file, as far as its path tells. */
export interface Description {
  readonly isManifest: boolean;
  /** Undefined for a manifest in no directory of its type. */
  readonly contentType: string | undefined;
  /** What the file is named after, and so never changes. */
  readonly digest: Digest | undefined;
}

const OCTETS = "application/octet-stream";
const JSON_TYPE = "application/json";

const isKind = (text: string): text is ManifestKind => Object.hasOwn(MEDIA_TYPE, text);

/** @param path below the repository's directory */
export function describe(api: ContentApi, path: string): Description {
  const parts = path.split("/");
  const [first = "", second = ""] = parts;
  const last = parts.at(-1) ?? "";
  if (api === "v1") {
    const contentType = last === "json" || last === "ancestry" ? JSON_TYPE : OCTETS;
    return { isManifest: false, contentType, digest: undefined };
  }
  const digest = parseDigest(last);
  if (first === "manifests") {
    // A tag may be called "list": only what something follows is a directory.
    const contentType = parts.length > 2 && isKind(second) ? MEDIA_TYPE[second] : undefined;
    return { isManifest: true, contentType, digest };
  }
  return { isManifest: false, contentType: path === "tags/list" ? JSON_TYPE : OCTETS, digest };
}
