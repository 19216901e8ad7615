/** Bodies made of files, for Bun.serve. */
import { randomUUID } from "node:crypto";
import { read } from "node:fs";
import { promisify } from "node:util";
import type { ByteRange, Parts } from "./conditions.ts";
import { type BodySource, close, IN_MEMORY } from "./file.ts";
import { type OpenFile, pathOf, readPart, shortened } from "./open.ts";

/** Bytes of a large file that a stream reads at once, and that each slow client keeps in memory. */
const CHUNK = 256 * 1024;

/** Time in milliseconds, and number of files, for which descriptors stay open for Bun. */
const GRACE = 100;
const HELD = 16;

const held: (() => void)[] = [];

/**
 * Closes a file when Bun has opened it again, by the descriptor's path, which it does when it sends the answer. That is
 * in the same turn of the event loop, unless the app awaits anything else after serve(). A descriptor that was closed
 * and given to another file by then would send that file, so it stays open for some more turns.
 */
function closeLater({ close }: OpenFile): void {
  if (held.push(close) > HELD) held.shift()?.();
  setTimeout(close, GRACE);
}

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
    const { bytesRead } = await readAsync(file.descriptor, chunk, 0, chunk.length, (file.offset ?? 0) + at);
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

const bytesOf = (source: BodySource, { start, end }: ByteRange): Buffer<ArrayBuffer> =>
  Buffer.isBuffer(source) ? source.subarray(start, end) : readPart(source, start, end);

/** Makes a body of several parts. @see RFC 9110 section 14.6 */
function multipartOf(source: BodySource, size: number, ranges: readonly ByteRange[], contentType: string): Payload {
  const boundary = randomUUID();
  const headers = { "Content-Type": `multipart/byteranges; boundary=${boundary}` };
  const before = ({ start, end }: ByteRange) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: bytes ${start}-${end - 1}/${size}\r\n\r\n`,
    );
  const last = Buffer.from(`\r\n--${boundary}--\r\n`);
  if (Buffer.isBuffer(source) || lengthOf(ranges) <= IN_MEMORY) {
    const body = Buffer.concat([...ranges.flatMap((range) => [before(range), bytesOf(source, range)]), last]);
    close(source);
    return { body, headers: { ...headers, "Content-Length": String(body.length) } };
  }
  async function* chunks(file: OpenFile) {
    for (const range of ranges) {
      yield before(range);
      yield* chunksOf(file, range);
    }
    yield last;
  }
  return { body: streamOf(chunks(source), source.close), headers };
}

/** Makes a body of one part. */
function partOf(source: BodySource, size: number, { start, end }: ByteRange): Payload["body"] {
  const length = end - start;
  if (Buffer.isBuffer(source) || length <= IN_MEMORY) {
    const bytes = bytesOf(source, { start, end });
    close(source);
    return bytes;
  }
  closeLater(source);
  // Bun answers the request's Range itself where the body is a whole file, whatever If-Range says. A slice that ends
  // past the end has the same bytes, and Bun leaves it alone.
  const { offset } = source;
  if (offset !== undefined) return Bun.file(pathOf(source)).slice(offset + start, offset + end);
  return Bun.file(pathOf(source)).slice(start, length === size ? end + 1 : end);
}

/** Makes a body of parts of a file, and sees to it that the file is closed. @param size of the whole file */
export function payloadOf(source: BodySource, size: number, { status, ranges }: Parts, contentType: string): Payload {
  const [range, ...others] = ranges;
  try {
    if (others.length > 0) return multipartOf(source, size, ranges, contentType);
    const headers = {
      "Content-Type": contentType,
      "Content-Length": String(range.end - range.start),
      ...(status === 206 && { "Content-Range": `bytes ${range.start}-${range.end - 1}/${size}` }),
    };
    return { body: partOf(source, size, range), headers };
  } catch (error) {
    close(source);
    throw error;
  }
}
