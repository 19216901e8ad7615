/** Digests of a repository, in memory: a hash takes 32 bytes, and a string of it more than a hundred. */
import type { Digest } from "../reference.ts";
import { findSorted } from "./sorted.ts";

/** The hashes of sha256, one after the other; strings where a digest is of another algorithm, as almost none is. */
export type Digests = Uint8Array | readonly Digest[];

const SHA256 = "sha256:";
const HASH_BYTES = 32;

const hexOf = (digest: Digest): string => digest.slice(SHA256.length);

/** @param digests of which each sorted part can be searched */
export function packDigests(digests: readonly Digest[]): Digests {
  const isPackable = digests.every((digest) => digest.startsWith(SHA256));
  return isPackable ? Uint8Array.fromHex(digests.map(hexOf).join("")) : digests;
}

export const countOf = (digests: Digests): number =>
  digests instanceof Uint8Array ? digests.length / HASH_BYTES : digests.length;

export function digestAt(digests: Digests, index: number): Digest {
  if (!(digests instanceof Uint8Array)) return digests[index] as Digest;
  // A view would cost the repository more memory, for as long as it is served.
  return `${SHA256}${digests.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES).toHex()}` as Digest;
}

/** @returns the last 32 bits of a digest, which are as good as random */
export function keyAt(digests: Digests, index: number): number {
  if (!(digests instanceof Uint8Array)) return Number.parseInt(digestAt(digests, index).slice(-8), 16) >>> 0;
  const end = (index + 1) * HASH_BYTES;
  const byte = (fromEnd: number): number => digests[end - fromEnd] ?? 0;
  return ((byte(4) << 24) | (byte(3) << 16) | (byte(2) << 8) | byte(1)) >>> 0;
}

function compareHash(hashes: Uint8Array, index: number, wanted: Uint8Array): number {
  for (let at = 0; at < HASH_BYTES; at++) {
    const difference = (hashes[index * HASH_BYTES + at] ?? 0) - (wanted[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Finds a digest in a sorted part.
 *
 * @returns its index; undefined when it is not between `low` and `high`
 */
export function findDigest(digests: Digests, digest: Digest, low: number, high: number): number | undefined {
  if (!(digests instanceof Uint8Array)) return findSorted(digests, digest, low, high);
  if (!digest.startsWith(SHA256)) return undefined;
  const wanted = Uint8Array.fromHex(hexOf(digest));
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const order = compareHash(digests, middle, wanted);
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return undefined;
}
