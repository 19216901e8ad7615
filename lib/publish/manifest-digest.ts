import { digestOfManifest } from "../core/manifest.ts";
import { type Digest, parseDigest } from "../core/reference.ts";
import { mismatch, PublishError } from "./publish-error.ts";
import { hasherFor } from "./sources/reading.ts";

/**
 * The digest by which a manifest is known: the one that it is said to have, if that is true.
 *
 * @param said undefined when nobody said anything
 * @param name what messages call the bytes
 * @throws {PublishError} when it has another
 */
export function knownDigest(bytes: Uint8Array, mediaType: string, said: Digest | undefined, name: string): Digest {
  if (said?.startsWith("sha512:") === true) {
    const hasher = hasherFor(said);
    hasher.update(bytes);
    const received = hasher.digest();
    if (received !== said) throw mismatch(name, said, received);
    return said;
  }
  const received = parseDigest(digestOfManifest(bytes, mediaType));
  if (received === undefined) throw new PublishError(`${name}: a sum is no digest`);
  if (said !== undefined && said !== received) throw mismatch(name, said, received);
  return received;
}
