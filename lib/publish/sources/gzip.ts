import { createGzip, type Gzip } from "node:zlib";

/** RFC 1952: the byte of the header that names the operating system, and the value for an unknown one. */
const OS = 9;
const UNKNOWN_OS = 0xff;

const LEVEL = 6;

/** Resolves when the chunk may be used again. */
const write = (gzip: Gzip, chunk: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    gzip.write(chunk, (error) => (error ? reject(error) : resolve()));
  });

/**
 * Compresses bytes so that the result depends on nothing but them and the compressor: no name, no time, no system.
 */
export async function* gzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: LEVEL });
  const feed = async () => {
    try {
      for await (const chunk of chunks) await write(gzip, chunk);
      gzip.end();
    } catch (error) {
      gzip.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const feeding = feed();
  let isFirst = true;
  for await (const chunk of gzip as AsyncIterable<Buffer>) {
    if (isFirst) chunk[OS] = UNKNOWN_OS;
    isFirst = false;
    yield chunk;
  }
  await feeding;
}
