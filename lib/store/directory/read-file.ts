import { type BigIntStats, close, closeSync, constants, fstatSync, open, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import type { ParsedFile } from "../../core/redirect-file/parse.ts";
import type { Turn } from "../../slices.ts";
import { isAbsent } from "../../system-error.ts";
import { parseAside, parseNow } from "../parsing.ts";
import { type FileStat, fileStatOf, unreadable } from "./stat.ts";

/** The content of a file when it was last read. */
export interface RedirectFileContent {
  readonly identity: string;
  readonly fingerprint: string;
  /** Whether the same fingerprint means the same content. */
  readonly isSettled: boolean;
  /** Hash of the bytes; undefined when they could not be read. */
  readonly hash: bigint | undefined;
  readonly parsed: ParsedFile;
}

/**
 * The clock of a file system may be coarse: of two edits in a row, the second can leave size and times unchanged. A
 * file that is read sooner after its last change than this, in ms, is read again by the next scan, as git does.
 */
const RACY_MS = 2000;

/** @param stats from before it was read: a change while it is read is noticed by the next scan */
function contentOf(stats: BigIntStats, startedAt: number, hash: bigint, parsed: ParsedFile): RedirectFileContent {
  const { identity, fingerprint, changedAt } = fileStatOf(stats);
  return { identity, fingerprint, isSettled: Math.abs(startedAt - changedAt) > RACY_MS, hash, parsed };
}

// A FileHandle would double the cost of a small file.
const openFile = promisify(open);
const readSome = promisify(read);

async function readAll(fd: number, size: number): Promise<Uint8Array> {
  // One byte more than expected shows that the file has grown.
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await readSome(fd, buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)]);
  }
}

/**
 * Reads a file, without delaying requests.
 *
 * @param seen the file as it was just now
 * @param known returns the known content of a file, which is not parsed again if the bytes are the same
 * @returns undefined when it has been removed meanwhile
 */
export async function readFile(
  path: string,
  seen: FileStat,
  known: (identity: string) => RedirectFileContent | undefined,
  turn: Turn,
): Promise<RedirectFileContent | undefined> {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK, a pipe that took the place of the file would block for ever.
    fd = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) return undefined;
    const startedAt = Date.now();
    const bytes = await readAll(fd, Number(stats.size));
    const hash = Bun.hash.wyhash(bytes);
    const before = known(fileStatOf(stats).identity);
    const parsed = before?.hash === hash ? before.parsed : await parseAside(bytes, turn);
    return contentOf(stats, startedAt, hash, parsed);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    const parsed: ParsedFile = { ok: false, faults: [unreadable("a readable file", error)] };
    return { identity: seen.identity, fingerprint: seen.fingerprint, isSettled: false, hash: undefined, parsed };
  } finally {
    if (fd !== undefined) close(fd);
  }
}

/** Shared by all files that fit. */
const smallBuffer = Buffer.allocUnsafe(64 * 1024);

/**
 * Reads a file synchronously, at a tenth of the cost: for the first scan, when nothing is served yet.
 *
 * @returns undefined when it is not a readable plain file
 */
export function readFileAtOnce(path: string): RedirectFileContent | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) return undefined;
    const startedAt = Date.now();
    const size = Number(stats.size) + 1;
    const buffer = size > smallBuffer.length ? Buffer.allocUnsafe(size) : smallBuffer;
    const length = readSync(fd, buffer, 0, size, 0);
    if (length !== size - 1) return undefined;
    const bytes = buffer.subarray(0, length);
    return contentOf(stats, startedAt, Bun.hash.wyhash(bytes), parseNow(bytes));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
