/** Paths below a repository's url. @see spec "Layout at `url`" */
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import type { Digest, ImageId, Reference } from "../core/reference.ts";

export const OCTETS = "application/octet-stream";
export const JSON_TYPE = "application/json";

export const TAGS_LIST = "tags/list";
export const OCI_LAYOUT = "oci-layout";
export const OCI_INDEX = "index.json";

/** Path of a blob in version 5. */
export const blobPath = (digest: Digest): string => `blobs/${digest}`;
/** Path of a blob in an OCI image layout, and in version 6. */
export const layoutBlobPath = (digest: Digest): string => `blobs/${digest.replace(":", "/")}`;
export const manifestPath = (kind: ManifestKind, reference: Reference): string => `manifests/${kind}/${reference}`;
export const v1Path = (id: ImageId, file: "ancestry" | "json" | "layer"): string => `${id}/${file}`;

const KIND = Object.keys(MEDIA_TYPE).join("|");

/** Files that publishing writes, and so may remove. Other files in the directory stay. */
const OWN_PATH = new RegExp(
  `^(?:blobs/[^/]+(?:/[0-9a-f]+)?|manifests/(?:${KIND})/[^/]+|[0-9a-f]{64}/(?:ancestry|json|layer)|tags/list|oci-layout|index\\.json)$`,
);

/** Whether a path of the tree is one that publishing makes. */
export const isOwnPath = (path: string): boolean => OWN_PATH.test(path);

const isKind = (text: string): text is ManifestKind => Object.hasOwn(MEDIA_TYPE, text);

/** Required Content-Type of a file; undefined where any will do. */
export function contentTypeOf(path: string): string | undefined {
  if (!isOwnPath(path) || !path.includes("/")) return undefined;
  const [directory, kind = "", ...below] = path.split("/");
  if (directory === "manifests" && isKind(kind)) return MEDIA_TYPE[kind];
  if (directory === "blobs") return below.length === 0 ? OCTETS : undefined;
  return path.endsWith("/layer") ? OCTETS : JSON_TYPE;
}
