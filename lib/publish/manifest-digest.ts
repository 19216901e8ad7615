import { digestOfManifest } from "../core/manifest.ts";
import { type Digest, parseDigest } from "../core/reference.ts";
import { mismatch, PublishError } from "./publish-error.ts";

function sumOf(bytes: Uint8Array, mediaType: string, algorithm: "sha256" | "sha512"): Digest {
  const sum = parseDigest(digestOfManifest(bytes, mediaType, algorithm));
  if (sum === undefined) throw new PublishError(`${algorithm}: a sum is no digest`);
  return sum;
}

/**
 * The digest by which a manifest is known: the one that it is said to have, if that is true.
 *
 * @param said undefined when nothing says one
 * @param name what messages call the bytes
 * @throws {PublishError} when it has another
 */
export function knownDigest(bytes: Uint8Array, mediaType: string, said: Digest | undefined, name: string): Digest {
  const received = sumOf(bytes, mediaType, said?.startsWith("sha512:") === true ? "sha512" : "sha256");
  if (said !== undefined && said !== received) throw mismatch(name, said, received);
  return received;
}

/** Returns the digest of a tagged manifest: sha512 where a repository knows it by that only. */
export function digestAmong(bytes: Uint8Array, mediaType: string, isKnown: (digest: Digest) => boolean): Digest {
  const sha256 = sumOf(bytes, mediaType, "sha256");
  if (isKnown(sha256)) return sha256;
  const sha512 = sumOf(bytes, mediaType, "sha512");
  return isKnown(sha512) ? sha512 : sha256;
}
