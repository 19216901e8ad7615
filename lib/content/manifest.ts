/** What the bytes of a manifest say of it. */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { MEDIA_TYPE } from "../core/media-types.ts";

const UNSIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";

const KNOWN_TYPES: readonly string[] = [...Object.values(MEDIA_TYPE), UNSIGNED_SCHEMA_1];

const outline = v.object({
  schemaVersion: v.optional(v.unknown()),
  mediaType: v.optional(v.unknown()),
  manifests: v.optional(v.unknown()),
  signatures: v.optional(v.unknown()),
});

const signedPart = v.object({
  signatures: v.pipe(v.array(v.object({ protected: v.string() })), v.minLength(1)),
});

const signedHeader = v.object({ formatLength: v.pipe(v.number(), v.integer(), v.minValue(0)), formatTail: v.string() });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/**
 * The media type of a manifest that lies in no directory of its type.
 *
 * @returns application/json when the bytes are no manifest that is known
 */
export function mediaTypeOf(bytes: Uint8Array): string {
  const read = v.safeParse(outline, parseJson(bytes));
  if (!read.success) return "application/json";
  const { schemaVersion, mediaType, manifests, signatures } = read.output;
  const said = KNOWN_TYPES.find((type) => type === mediaType);
  if (said !== undefined) return said;
  if (schemaVersion === 1) return signatures === undefined ? UNSIGNED_SCHEMA_1 : MEDIA_TYPE["1"];
  // Only OCI lets its manifests leave out what they are.
  if (schemaVersion === 2 && mediaType === undefined)
    return manifests === undefined ? MEDIA_TYPE.oci : MEDIA_TYPE.index;
  return "application/json";
}

/** The parts of a signed manifest that its digest is made over: all but the signatures. */
function payloadOf(bytes: Uint8Array): readonly Uint8Array[] {
  const signed = v.safeParse(signedPart, parseJson(bytes));
  const [signature] = signed.success ? signed.output.signatures : [];
  if (signature === undefined) return [bytes];
  const header = v.safeParse(signedHeader, parseJson(Buffer.from(signature.protected, "base64url")));
  if (!header.success || header.output.formatLength > bytes.length) return [bytes];
  const { formatLength, formatTail } = header.output;
  return [bytes.subarray(0, formatLength), Buffer.from(formatTail, "base64url")];
}

/** The sha256 digest of bytes as they are. */
export function digestOfBytes(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest("hex")}`;
}

/**
 * The digest by which clients know a manifest: that of its bytes or, for a signed one, of what was signed.
 *
 * @see distribution's "Image Manifest V 2, Schema 1", "Signed Manifests"
 */
export function digestOfManifest(bytes: Uint8Array, mediaType: string): string {
  return digestOfBytes(...(mediaType === MEDIA_TYPE["1"] ? payloadOf(bytes) : [bytes]));
}
