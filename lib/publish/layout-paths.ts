/** Where things are in the tree. @see spec "Layout at `url`" */
import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import type { Digest, ImageId, Reference } from "../core/reference.ts";

export const OCTETS = "application/octet-stream";
export const JSON_TYPE = "application/json";

export const TAGS_LIST = "tags/list";

export const blobPath = (digest: Digest): string => `blobs/${digest}`;
export const manifestPath = (kind: ManifestKind, reference: Reference): string => `manifests/${kind}/${reference}`;
export const v1Path = (id: ImageId, file: "ancestry" | "json" | "layer"): string => `${id}/${file}`;

const KIND = Object.keys(MEDIA_TYPE).join("|");

/** What publishing has made, and so may take away; whatever else lies in the directory is not its business. */
const OWN_PATH = new RegExp(
  `^(?:blobs/[^/]+|manifests/(?:${KIND})/[^/]+|[0-9a-f]{64}/(?:ancestry|json|layer)|tags/list)$`,
);

/** Whether a path of the tree is one that publishing makes. */
export const isOwnPath = (path: string): boolean => OWN_PATH.test(path);

const isKind = (text: string): text is ManifestKind => Object.hasOwn(MEDIA_TYPE, text);

/** What a host has to say of a file; undefined for what publishing does not make. */
export function contentTypeOf(path: string): string | undefined {
  if (!isOwnPath(path)) return undefined;
  const [, kind = ""] = path.split("/");
  if (path.startsWith("manifests/") && isKind(kind)) return MEDIA_TYPE[kind];
  return path.startsWith("blobs/") || path.endsWith("/layer") ? OCTETS : JSON_TYPE;
}
