import { type BigIntStats, close, closeSync, constants, fstatSync, open, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import type { Parsed } from "../core/redirect-file/parse.ts";
import { parseAside, parseNow } from "./parsing.ts";
import { codeOf, type Facts, factsOf, identityOf, isGone, unreadable } from "./sight.ts";
import type { RedirectFile } from "./tree.ts";

/**
 * A file system's clock may be coarse: an edit soon after another can leave size and times as they were. What was
 * read this soon after its last change, in ms, is read once more at the next look, as git does with its index.
 */
const RACY_MS = 2000;

/** `same`: as it was. `changed`: says something else now. `moved`: the path leads to another file now. */
export type ReadResult = "same" | "changed" | "moved";

/** Whether what is known of a file is still true, as far as its fingerprint tells. */
export const isKnown = (file: RedirectFile, facts: Facts): boolean =>
  file.isSettled && file.fingerprint === facts.fingerprint;

// A FileHandle would cost a small file as much again as its reading.
const openFile = promisify(open);
const readSome = promisify(read);

/** From the start, whatever was read before. */
async function readAll(fd: number, size: number): Promise<Uint8Array> {
  // One byte more than there is: a file that has grown shows itself.
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await readSome(fd, buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)]);
  }
}

/** @returns undefined when it says what it said before */
function newHash(file: RedirectFile, bytes: Uint8Array): bigint | undefined {
  const hash = Bun.hash.wyhash(bytes);
  return file.hash === hash ? undefined : hash;
}

function record(file: RedirectFile, hash: bigint, parsed: Parsed): ReadResult {
  file.hash = hash;
  file.parsed = parsed;
  return "changed";
}

function recordUnreadable(file: RedirectFile, code: string): ReadResult {
  const wasReadable = file.hash !== undefined || file.parsed === undefined;
  file.hash = undefined;
  file.isSettled = false;
  file.parsed = { ok: false, faults: [unreadable("a readable file", code)] };
  return wasReadable ? "changed" : "same";
}

/** @param stats as they were before: what changes while it is read is seen to be different at the next look */
function recordStats(file: RedirectFile, stats: BigIntStats, startedAt: number): void {
  const { fingerprint, changedAt } = factsOf(stats);
  file.fingerprint = fingerprint;
  file.isSettled = Math.abs(startedAt - changedAt) > RACY_MS;
}

/** Reads a file that is new or changed, if it is still the one at that path. */
export async function readInto(
  file: RedirectFile,
  path: string,
  turn: (job: () => Parsed) => Promise<Parsed>,
): Promise<ReadResult> {
  let fd: number | undefined;
  try {
    // A pipe that took the file's place would block an open for ever.
    fd = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd, { bigint: true });
    if (identityOf(stats) !== file.identity) return "moved";
    const startedAt = Date.now();
    const bytes = await readAll(fd, Number(stats.size));
    recordStats(file, stats, startedAt);
    const hash = newHash(file, bytes);
    if (hash === undefined) return "same";
    return record(file, hash, await parseAside(bytes, turn));
  } catch (error) {
    const code = codeOf(error);
    return isGone(code) ? "moved" : recordUnreadable(file, code);
  } finally {
    if (fd !== undefined) close(fd);
  }
}

/** For files as they are; others get a buffer of their own. */
const atOnce = Buffer.allocUnsafe(64 * 1024);

/**
 * Reads a file that nobody knows yet, without waiting: a tenth of what it costs through the threads, but whoever else
 * is served waits for the disk.
 *
 * @param fileOf gives the file of an identity
 * @returns undefined when it takes a closer look: it is a link, gone or unreadable
 */
export function readAtOnce(path: string, fileOf: (identity: string) => RedirectFile): RedirectFile | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) return undefined;
    const startedAt = Date.now();
    // One byte more than there is: a file that has grown shows itself.
    const room = Number(stats.size) + 1;
    const buffer = room > atOnce.length ? Buffer.allocUnsafe(room) : atOnce;
    const length = readSync(fd, buffer, 0, room, 0);
    if (length !== room - 1) return undefined;
    const file = fileOf(identityOf(stats));
    if (file.hash !== undefined) return file;
    recordStats(file, stats, startedAt);
    const bytes = buffer.subarray(0, length);
    record(file, Bun.hash.wyhash(bytes), parseNow(bytes));
    return file;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
