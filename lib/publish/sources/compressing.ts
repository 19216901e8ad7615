import { open } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { type Digest, parseDigest } from "../../core/reference.ts";
import { broken, mismatch, PublishError } from "../publish-error.ts";
import { writeAll } from "../targets/writing.ts";
import { gzipped } from "./gzip.ts";
import { hasherFor, readWhole, sha256, verified } from "./reading.ts";
import type { Compressed, SourceContext, SourceFile } from "./source.ts";

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  const digest = parseDigest(`sha256:${sha256(bytes)}`);
  if (digest === undefined) throw new PublishError("a sum is no digest");
  return digest;
}

async function isGzip(file: SourceFile): Promise<boolean> {
  for await (const chunk of file.read()) return chunk[0] === 0x1f && chunk[1] === 0x8b;
  return false;
}

/** Some tools compress layers before they put them in the archive; what they made is published as it is. */
async function* checkedGzip(file: SourceFile, diffId: Digest): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const hasher = hasherFor(diffId);
  const unpacking = (async () => {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) hasher.update(chunk);
  })();
  // It is awaited at the end; a failure before that must not count as unhandled.
  unpacking.catch(() => {});
  for await (const chunk of file.read()) {
    await new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()));
    yield chunk;
  }
  gunzip.end();
  await unpacking.catch(() => {
    throw broken(file.name, "", "gzip", "other bytes");
  });
  const received = hasher.digest();
  if (received !== diffId) throw mismatch(`${file.name}, uncompressed`, diffId, received);
}

/** Compresses layers, each once, also over several publishes. */
export interface Compressor {
  /** @param diffId the digest of the uncompressed tar */
  readonly compress: (file: SourceFile, diffId: Digest) => Promise<Compressed>;
  /** Opens a compressed layer. */
  readonly open: (digest: Digest) => Promise<SourceFile | undefined>;
}

export function compressorIn(context: SourceContext): Compressor {
  const made = new Map<Digest, SourceFile>();
  /** Layers that were compressed before, which are compressed again only when their bytes are needed. */
  const remembered = new Map<Digest, { readonly file: SourceFile; readonly diffId: Digest }>();

  async function make(file: SourceFile, diffId: Digest): Promise<Compressed> {
    const isCompressed = await isGzip(file);
    const asItIs = () => verified(file, { digest: diffId, size: undefined }, context.onBytes);
    const chunks = () => (isCompressed ? checkedGzip(file, diffId) : gzipped(asItIs()));
    const path = context.scratch === undefined ? undefined : join(context.scratch, `${diffId}.gz`);
    const handle = path === undefined ? undefined : await open(path, "w");
    const hasher = new Bun.CryptoHasher("sha256");
    let size = 0;
    try {
      for await (const chunk of chunks()) {
        hasher.update(chunk);
        size += chunk.length;
        if (handle !== undefined) await writeAll(handle, chunk);
      }
    } finally {
      await handle?.close();
    }
    const digest = parseDigest(`sha256:${hasher.digest("hex")}`);
    if (digest === undefined) throw new PublishError("a sum is no digest");
    const name = `${file.name}, compressed`;
    made.set(
      digest,
      path === undefined ? { name, size, read: chunks } : { name, size, read: () => readWhole(path, size), path },
    );
    context.compressed.set(diffId, { digest, size });
    return { digest, size };
  }

  return {
    async compress(file, diffId) {
      const known = context.compressed.get(diffId);
      if (known === undefined) return await make(file, diffId);
      remembered.set(known.digest, { file, diffId });
      return known;
    },
    async open(digest) {
      const again = remembered.get(digest);
      if (!made.has(digest) && again !== undefined) await make(again.file, again.diffId);
      return made.get(digest);
    },
  };
}
