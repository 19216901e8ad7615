/** Archives that can't be read where they lie: compressed ones, and those that come in through a pipe. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { codeOf } from "../../system-error.ts";
import { broken, namingFile } from "../publish-error.ts";
import { writeAll } from "../targets/writing.ts";
import type { Bundle } from "./bundle.ts";
import { tarBundle } from "./tar.ts";

/** The first bytes of compressed files. */
const FORMATS = [
  { magic: [0x1f, 0x8b], name: "gzip", unpack: createGunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd", unpack: createZstdDecompress },
  { magic: [0xfd, 0x37, 0x7a, 0x58], name: "xz", unpack: "unxz" },
  { magic: [0x42, 0x5a, 0x68], name: "bzip2", unpack: "bunzip2" },
] as const;

/** So many bytes tell. */
export const MAGIC = 4;

type Format = (typeof FORMATS)[number];

export const formatOf = (head: Uint8Array): Format | undefined =>
  FORMATS.find(({ magic }) => magic.every((byte, at) => head[at] === byte));

/** A small archive must not fill the disk: of files, no more than this times their size is taken. */
const MAX_RATIO = 200;
/** So much is always taken, in bytes. */
const ALWAYS_TAKEN = 256 * 1024 ** 2;

/** Takes the first bytes off a stream, and gives it back whole. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<readonly [head: Uint8Array, whole: AsyncIterable<Uint8Array>]> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < MAGIC) {
    const { value, done } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return [
    head,
    (async function* () {
      yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    })(),
  ];
}

/**
 * Opens a tar archive that is a stream, compressed or not: it is unpacked into a file, as tar is read by its offsets.
 *
 * @param name what messages call it
 * @param chunks must stay what they are: several are in work at a time
 * @param scratch where the file is made; undefined takes the system's directory for such
 */
export async function streamedTar(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  scratch: string | undefined,
): Promise<Bundle> {
  const [head, whole] = await peek(chunks);
  const format = formatOf(head);
  if (typeof format?.unpack === "string") {
    throw broken(name, "", `a tar archive, as it is or by gzip or zstd (try ${format.unpack})`, format.name);
  }
  const directory = await mkdtemp(join(scratch ?? tmpdir(), "craned-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  const path = join(directory, "archive.tar");
  try {
    const handle = await open(path, "w");
    try {
      let read = 0;
      let written = 0;
      const write = async (unpacked: AsyncIterable<Uint8Array>) => {
        for await (const chunk of unpacked) {
          written += chunk.length;
          if (written > Math.max(ALWAYS_TAKEN, MAX_RATIO * read)) {
            const most = `at most ${MAX_RATIO} times its ${read} bytes when unpacked`;
            throw broken(name, "", most, "more (unpack it yourself if you trust it)");
          }
          await writeAll(handle, chunk);
        }
      };
      const counted = async function* () {
        for await (const chunk of whole) {
          read += chunk.length;
          yield chunk;
        }
      };
      const source = Readable.from(counted(), { objectMode: false });
      if (format === undefined) await pipeline(source, write);
      else await pipeline(source, format.unpack(), write);
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (format !== undefined && /^(?:Z_|ERR_ZLIB|ZSTD_)/.test(code))
        throw broken(name, "", `whole ${format.name}`, code);
      throw namingFile(error, path);
    } finally {
      await handle.close();
    }
    const bundle = await tarBundle(path, name);
    return { ...bundle, close: () => bundle.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
