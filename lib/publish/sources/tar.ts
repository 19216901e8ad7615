/**
 * Reads tar archives in place.
 *
 * One pass over the headers finds each file; then any of them is read without the others. Libraries hand out entries in
 * their order, so an archive of many gigabytes would have to be unpacked.
 *
 * @see POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; GNU tar, "Basic Tar Format"
 */
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { broken } from "../publish-error.ts";
import { type Bundle, insidePath } from "./bundle.ts";
import { readPart } from "./reading.ts";

const BLOCK = 512;
const MAX_EXTENSION = 1024 * 1024;
const MAX_LINKS = 16;
/** All names are in memory. */
const MAX_ENTRIES = 1_000_000;

type Field = readonly [start: number, length: number];

const FIELD = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 5],
  prefix: [345, 155],
} as const satisfies Readonly<Record<string, Field>>;

type ArchiveEntry =
  | { readonly kind: "file"; readonly start: number; readonly size: number }
  | { readonly kind: "link"; readonly to: string };

interface TarHeader {
  readonly type: string;
  readonly name: string;
  readonly link: string;
  /** Bytes of the data after the header; NaN when the field holds no number. */
  readonly size: number;
}

/** Fields of an extension header, which count for the entry after it. */
type ExtendedHeader = Partial<Pick<TarHeader, "name" | "link" | "size">>;

const roundUp = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;

function textAt(header: Buffer, [start, length]: Field): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

/** Octal, or what GNU writes for numbers that octal has no room for: a set bit, then the number in base 256. */
function numberAt(header: Buffer, field: Field): number {
  const [start, length] = field;
  if (header[start] === 0x80) return Number(header.readBigUInt64BE(start + length - 8));
  const digits = textAt(header, field).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** Whether the sum of all bytes, its own field counted as spaces, is what the header says. */
function hasRightSum(header: Buffer): boolean {
  const [start, length] = FIELD.checksum;
  const sum = header.reduce((total, byte, at) => total + (at >= start && at < start + length ? 0x20 : byte), 0);
  return sum === numberAt(header, FIELD.checksum);
}

function parseHeader(header: Buffer, extension: ExtendedHeader): TarHeader {
  const type = textAt(header, FIELD.type);
  const prefix = textAt(header, FIELD.magic) === "ustar" ? textAt(header, FIELD.prefix) : "";
  const name = textAt(header, FIELD.name);
  const isLink = type === "1" || type === "2";
  return {
    type,
    name: extension.name ?? (prefix === "" ? name : `${prefix}/${name}`),
    link: extension.link ?? textAt(header, FIELD.link),
    // A link has no data, whatever its size says.
    size: isLink ? 0 : (extension.size ?? numberAt(header, FIELD.size)),
  };
}

/** Records of the form `<length> <key>=<value>\n`; undefined when they aren't. */
function paxRecords(bytes: Buffer): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const end = at + (space === -1 ? Number.NaN : Number(bytes.toString("latin1", at, space)));
    if (!Number.isInteger(end) || end <= space || end > bytes.length || bytes[end - 1] !== 0x0a) return undefined;
    const [key = "", ...value] = bytes.toString("utf8", space + 1, end - 1).split("=");
    records.set(key, value.join("="));
    at = end;
  }
  return records;
}

/** @returns what an extension header adds; undefined when it is of no use to a reader of files */
function extend(extension: ExtendedHeader, type: string, bytes: Buffer): ExtendedHeader | undefined {
  if (type !== "x") {
    const long = bytes.toString("utf8").replace(/\0+$/, "");
    return { ...extension, ...(type === "L" ? { name: long } : { link: long }) };
  }
  const records = paxRecords(bytes);
  if (records === undefined || records.has("GNU.sparse.major")) return undefined;
  const [name, link, size] = [records.get("path"), records.get("linkpath"), records.get("size")];
  return {
    ...extension,
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(size !== undefined && { size: Number(size) }),
  };
}

function entryOf({ type, name, link, size }: TarHeader, start: number): ArchiveEntry | undefined {
  if (type === "" || type === "0" || type === "7") return { kind: "file", start, size };
  if (type !== "1" && type !== "2") return undefined;
  const to = insidePath(type === "2" ? join(dirname(name), link) : link);
  return to === undefined ? undefined : { kind: "link", to };
}

async function bytesAt(handle: FileHandle, start: number, length: number, archive: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of readPart(handle, start, length, archive)) parts.push(Uint8Array.from(chunk));
  return Buffer.concat(parts);
}

/** One pass over the headers; the last of two entries with one name counts, as when the archive is unpacked. */
async function readEntries(handle: FileHandle, archive: string): Promise<ReadonlyMap<string, ArchiveEntry>> {
  const { size: total } = await handle.stat();
  const entries = new Map<string, ArchiveEntry>();
  let extension: ExtendedHeader = {};
  for (let at = 0; ; ) {
    const wrong = (expected: string, received: string) => broken(archive, `header at byte ${at}`, expected, received);
    if (at === total && entries.size > 0) return entries;
    if (at + BLOCK > total) throw wrong("a tar header", "the end of the file");
    const block = await bytesAt(handle, at, BLOCK, archive);
    if (block.every((byte) => byte === 0)) return entries;
    if (!hasRightSum(block)) throw wrong("a tar header", "other bytes");
    const header = parseHeader(block, extension);
    const { type, size } = header;
    if (!Number.isSafeInteger(size) || size < 0) throw wrong("the size of an entry", "none");
    const start = at + BLOCK;
    if (start + size > total) throw wrong(`${size} bytes of ${header.name}`, `${total - start} bytes`);
    if (type === "S") throw wrong("files without holes", "a sparse file");
    if (type === "x" || type === "L" || type === "K") {
      if (size > MAX_EXTENSION) throw wrong(`at most ${MAX_EXTENSION} bytes of names`, `${size} bytes`);
      const extended = extend(extension, type, await bytesAt(handle, start, size, archive));
      if (extended === undefined) throw wrong("pax records of a file without holes", "others");
      extension = extended;
    } else if (type !== "g") {
      const name = insidePath(header.name);
      const entry = entryOf(header, start);
      if (name !== undefined && entry !== undefined) entries.set(name, entry);
      if (entries.size > MAX_ENTRIES) throw wrong(`at most ${MAX_ENTRIES} entries`, "more");
      extension = {};
    }
    at = start + roundUp(size);
  }
}

/**
 * Opens an archive; its links lead to files inside it.
 *
 * @param name what messages call it
 * @throws {PublishError} when it is not a whole tar archive
 */
export async function tarBundle(path: string, name: string = path): Promise<Bundle> {
  const handle = await open(path, "r");
  const close = () => handle.close();
  try {
    const entries = await readEntries(handle, name);
    return {
      name,
      async open(asked) {
        let inside = insidePath(asked);
        for (let links = 0; inside !== undefined && links < MAX_LINKS; links++) {
          const entry = entries.get(inside);
          if (entry === undefined) return undefined;
          if (entry.kind === "file") {
            const { start, size } = entry;
            const shown = `${name}: ${inside}`;
            return { name: shown, size, read: () => readPart(handle, start, size, shown), part: { path, start } };
          }
          inside = entry.to;
        }
        return undefined;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
