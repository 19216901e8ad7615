/** Media type and digest of a manifest, from its bytes. */
import * as v from "valibot";
import { MEDIA_TYPE, UNSIGNED_SCHEMA_1 } from "./media-types.ts";

const KNOWN_TYPES: readonly string[] = [...Object.values(MEDIA_TYPE), UNSIGNED_SCHEMA_1];

/** The digest algorithms that the OCI image specification registers. */
export type Algorithm = "sha256" | "sha512";

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
  // Only OCI manifests may omit their media type; some tools leave it empty.
  if (schemaVersion === 2 && (mediaType ?? "") === "")
    return manifests === undefined ? MEDIA_TYPE.oci : MEDIA_TYPE.index;
  return "application/json";
}

/** The part of a signed manifest that its digest covers: everything but the signatures. */
function payloadOf(bytes: Uint8Array): Uint8Array {
  const signed = v.safeParse(signedPart, parseJson(bytes));
  const [signature] = signed.success ? signed.output.signatures : [];
  if (signature === undefined) return bytes;
  const header = v.safeParse(signedHeader, parseJson(Buffer.from(signature.protected, "base64url")));
  if (!header.success || header.output.formatLength > bytes.length) return bytes;
  const { formatLength, formatTail } = header.output;
  return Buffer.concat([bytes.subarray(0, formatLength), Buffer.from(formatTail, "base64url")]);
}

/** The digest of bytes as they are. */
export const digestOfBytes = (bytes: Uint8Array, algorithm: Algorithm = "sha256"): string =>
  `${algorithm}:${Bun.CryptoHasher.hash(algorithm, bytes, "hex")}`;

/**
 * The digest by which clients know a manifest: that of its bytes or, for a signed one, of its payload.
 *
 * @see distribution's "Image Manifest V 2, Schema 1", "Signed Manifests"
 */
export const digestOfManifest = (bytes: Uint8Array, mediaType: string, algorithm: Algorithm = "sha256"): string =>
  digestOfBytes(mediaType === MEDIA_TYPE["1"] ? payloadOf(bytes) : bytes, algorithm);
