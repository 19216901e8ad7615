import type { OpenFile } from "./open.ts";

/** What is read from a file at once: as fast as larger ones, and what each slow client keeps in memory. Bytes. */
const CHUNK = 256 * 1024;

/** What a Response takes as its body. */
export type FileBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

const shortened = (missing: number): Error => new Error(`a file became ${missing} bytes shorter while it was read`);

/**
 * Reads a part of a file into memory.
 *
 * @throws when the file has become shorter
 */
export async function readPart({ handle }: OpenFile, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) throw shortened(bytes.length - filled);
    filled += bytesRead;
  }
  return bytes;
}

/**
 * Makes the body of an answer out of a part of a file, and closes the file: at once when the part is small, otherwise
 * when the stream has been read or cancelled. Nothing is read before it is asked for, so a slow client costs one chunk.
 */
export async function bodyOf(file: OpenFile, start: number, end: number): Promise<FileBody> {
  const { handle } = file;
  if (end - start <= CHUNK) {
    try {
      return await readPart(file, start, end);
    } finally {
      await handle.close();
    }
  }
  let at = start;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          // A fresh one each time: whoever reads the stream may keep it.
          const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at));
          const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
          if (bytesRead === 0) throw shortened(end - at);
          at += bytesRead;
          controller.enqueue(chunk.subarray(0, bytesRead));
        } catch (error) {
          await handle.close();
          throw error;
        }
        if (at < end) return;
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}
