/** The media type and the digest of a published file, as its path gives them. */
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { type Digest, parseDigest } from "../core/reference.ts";

/** The two layouts that content comes in. */
export type ContentApi = "v1" | "v2";

/** A file, as its path describes it. */
export interface Description {
  readonly isManifest: boolean;
  /** Undefined for a manifest that is in no directory of its type. */
  readonly mediaType: string | undefined;
  /** The digest that the file is named after. */
  readonly digest: Digest | undefined;
}

const OCTETS = "application/octet-stream";
const JSON_TYPE = "application/json";

const isKind = (text: string): text is ManifestKind => Object.hasOwn(MEDIA_TYPE, text);

/** Describes a file. @param path below the repository's directory */
export function describe(api: ContentApi, path: string): Description {
  const parts = path.split("/");
  const [first = "", second = ""] = parts;
  const last = parts.at(-1) ?? "";
  if (api === "v1") {
    const mediaType = last === "json" || last === "ancestry" ? JSON_TYPE : OCTETS;
    return { isManifest: false, mediaType, digest: undefined };
  }
  const digest = parseDigest(last);
  if (first === "manifests") {
    // A tag may be called "list": a directory has something below it.
    const mediaType = parts.length > 2 && isKind(second) ? MEDIA_TYPE[second] : undefined;
    return { isManifest: true, mediaType, digest };
  }
  return { isManifest: false, mediaType: path === "tags/list" ? JSON_TYPE : OCTETS, digest };
}
