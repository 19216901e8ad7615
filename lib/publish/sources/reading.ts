/** Bytes from files, in bounded memory. */
import { type FileHandle, open } from "node:fs/promises";
import type { Digest } from "../../core/reference.ts";
import { broken, mismatch, PublishError } from "../publish-error.ts";
import type { Descriptor } from "./manifest.ts";
import type { SourceFile } from "./source.ts";

/** Large enough that system calls don't count, small enough to have many. */
const CHUNK = 1024 * 1024;

/** Registries need not take larger manifests; configurations are held to the same. Bytes. */
const MAX_SMALL = 4 * 1024 * 1024;

/** Larger manifests are refused. A redirect file of version 6 does not carry all of these, but craned serves them. Bytes. */
export const MAX_MANIFEST = 16 * 1024 * 1024;

/**
 * Reads a part of an open file. While a chunk is being used, the next one is being read.
 *
 * @param name what the file is called when it ends too early
 */
export async function* readPart(
  handle: FileHandle,
  start: number,
  length: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  const size = Math.min(CHUNK, length);
  const buffers = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)] as const;
  let asked = 0;
  const ask = (buffer: Buffer) => handle.read(buffer, 0, Math.min(size, length - asked), start + asked);
  let turn = 0;
  let pending = length > 0 ? ask(buffers[0]) : undefined;
  try {
    while (pending !== undefined) {
      const { bytesRead, buffer } = await pending;
      pending = undefined;
      if (bytesRead === 0) throw broken(name, "", `${start + length} bytes`, `${start + asked} bytes`);
      asked += bytesRead;
      turn = 1 - turn;
      if (asked < length) pending = ask(turn === 0 ? buffers[0] : buffers[1]);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await pending?.catch(() => {});
  }
}

/** Reads a whole file that lies by itself. */
export async function* readWhole(path: string, size: number): AsyncGenerator<Uint8Array> {
  const handle = await open(path, "r");
  try {
    yield* readPart(handle, 0, size, path);
  } finally {
    await handle.close();
  }
}

/** Bytes in memory, as if they were a file. */
export const fileOfBytes = (name: string, bytes: Uint8Array): SourceFile => ({
  name,
  size: bytes.length,
  read: async function* () {
    yield bytes;
  },
});

const ALGORITHMS = ["sha256", "sha512"] as const;

/** A sum that is compared with a digest. */
export interface Hasher {
  readonly update: (chunk: Uint8Array) => void;
  /** In the form of the digest that it was made for. */
  readonly digest: () => string;
}

/** @throws {PublishError} when the algorithm is none that can be verified */
export function hasherFor(digest: Digest): Hasher {
  const algorithm = ALGORITHMS.find((each) => digest.startsWith(`${each}:`));
  if (algorithm === undefined) throw new PublishError(`${digest}: expected a digest of ${ALGORITHMS.join(" or ")}`);
  const hasher = new Bun.CryptoHasher(algorithm);
  return {
    update: (chunk) => void hasher.update(chunk),
    digest: () => `${algorithm}:${hasher.digest("hex")}`,
  };
}

/** The sha256 digest of bytes in memory. */
export const sha256 = (bytes: Uint8Array | string): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/**
 * Reads a file that has to be what a descriptor says. The last chunk is followed by an error when it isn't: a reader that
 * reaches the end without one has the right bytes.
 *
 * @throws {PublishError} naming the file, what was expected and what is there
 */
export async function* verified(
  file: SourceFile,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const hasher = hasherFor(digest);
  const wrongSize = (received: number) => broken(file.name, "size", `${size} bytes for ${digest}`, `${received} bytes`);
  if (size !== undefined && file.size !== undefined && file.size !== size) throw wrongSize(file.size);
  let length = 0;
  for await (const chunk of file.read()) {
    length += chunk.length;
    if (size !== undefined && length > size) throw wrongSize(length);
    hasher.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
  if (size !== undefined && length !== size) throw wrongSize(length);
  const received = hasher.digest();
  if (received !== digest) throw mismatch(file.name, digest, received);
}

/**
 * Reads something small into memory.
 *
 * @param limit bytes
 * @throws {PublishError} when it is larger, by default than any manifest or configuration may be
 */
export async function readSmall(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  limit: number = MAX_SMALL,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > limit) throw broken(name, "size", `at most ${limit} bytes`, "more");
    // The chunk's memory is used again for the one after the next.
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts);
}
