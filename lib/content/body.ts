/** Bodies made of files, for Bun.serve. */
import { randomUUID } from "node:crypto";
import { read } from "node:fs";
import { promisify } from "node:util";
import type { ByteRange, Parts } from "./conditions.ts";
import { type OpenFile, pathOf, readPart, shortened } from "./open.ts";

/** Up to this many bytes are read at once and sent from memory, which takes less time than to hand a file over. */
const IN_MEMORY = 64 * 1024;

/** How much of a large file a stream reads at once, and what each slow client keeps in memory. Bytes. */
const CHUNK = 256 * 1024;

/**
 * How long a descriptor stays open for Bun, which opens the file again, by the descriptor's path, when it sends the
 * answer. It does so in the same turn of the event loop, unless the app awaits anything else after serve(): a
 * descriptor that was closed and given to another file by then would send that file. Milliseconds.
 */
const GRACE = 100;

/** A body, and the headers that describe it. */
export interface Payload {
  readonly body: Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
}

const lengthOf = (ranges: readonly ByteRange[]): number =>
  ranges.reduce((sum, { start, end }) => sum + (end - start), 0);

const readAsync = promisify(read);

async function* chunksOf(file: OpenFile, { start, end }: ByteRange) {
  for (let at = start; at < end; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at));
    const { bytesRead } = await readAsync(file.descriptor, chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw shortened(end - at);
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

/** Streams what an iterator yields, reading nothing before it is asked for. */
function streamOf(chunks: AsyncGenerator<Uint8Array>, close: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (!done) return controller.enqueue(value);
        } catch (error) {
          close();
          throw error;
        }
        close();
        controller.close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

/** Several parts as multipart/byteranges. @see RFC 9110 section 14.6 */
function multipartOf(file: OpenFile, ranges: readonly ByteRange[], contentType: string): Payload {
  const boundary = randomUUID();
  const headOf = ({ start, end }: ByteRange) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: bytes ${start}-${end - 1}/${file.size}\r\n\r\n`,
    );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const headers = { "Content-Type": `multipart/byteranges; boundary=${boundary}` };
  if (lengthOf(ranges) <= IN_MEMORY) {
    const parts = ranges.flatMap((range) => [headOf(range), readPart(file, range.start, range.end)]);
    file.close();
    const body = Buffer.concat([...parts, tail]);
    return { body, headers: { ...headers, "Content-Length": String(body.length) } };
  }
  async function* chunks() {
    for (const range of ranges) {
      yield headOf(range);
      yield* chunksOf(file, range);
    }
    yield tail;
  }
  return { body: streamOf(chunks(), file.close), headers };
}

/**
 * Makes a body of parts of a file, and sees to it that the file is closed.
 *
 * @param bytes the file's bytes, if they are known already
 */
export function payloadOf(
  file: OpenFile,
  { status, ranges }: Parts,
  contentType: string,
  bytes: Buffer<ArrayBuffer> | undefined,
): Payload {
  if (ranges.length > 1) return multipartOf(file, ranges, contentType);
  const [{ start, end }] = ranges;

  const length = end - start;
  const headers = {
    "Content-Type": contentType,
    "Content-Length": String(length),
    ...(status === 206 && { "Content-Range": `bytes ${start}-${end - 1}/${file.size}` }),
  };
  if (bytes !== undefined || length <= IN_MEMORY) {
    const body = bytes?.subarray(start, end) ?? readPart(file, start, end);
    file.close();
    return { body, headers };
  }
  setTimeout(file.close, GRACE);
  // Bun answers the request's Range itself where the body is a whole file, whatever If-Range says. A slice that ends
  // past the end has the same bytes, and Bun leaves it alone.
  const sliceEnd = length === file.size ? end + 1 : end;
  return { body: Bun.file(pathOf(file)).slice(start, sliceEnd), headers };
}
