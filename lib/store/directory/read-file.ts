import { closeSync, constants, fstatSync, open, openSync, readFile, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { codeOf, isAbsent } from "../../system-error.ts";
import { hashOf, type ParsedContent, parseAside, parseNow } from "../parsing.ts";
import { type FileStat, fileStatOf, unreadable } from "./stat.ts";

/** The content of a file when it was last read. */
export interface RedirectFileContent extends ParsedContent {
  readonly identity: string;
  readonly fingerprint: string;
  /** Whether the same fingerprint means the same content. */
  readonly isSettled: boolean;
}

/**
 * The clock of a file system may be coarse: of two edits in a row, the second can leave size and times unchanged. A
 * file that is read sooner after its last change than this, in ms, is read again by the next scan, as git does.
 */
const RACY_MS = 2000;

// Without O_NONBLOCK, a pipe that took the place of the file would block for ever.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

// A FileHandle would cost more than reading a small file.
const openAside = promisify(open);
const readAside = promisify(readFile);

/**
 * Reads a file.
 *
 * @param path without links
 * @param seen the file as it was just now, if it was looked at; without it, the file is read synchronously, at a third
 *   of the cost: for the first scan, when no request can be delayed
 * @param known returns the known content of a file, which is not parsed again if the bytes are the same
 * @returns undefined when it is no longer there, or could not be read synchronously
 */
export async function readRedirectFile(
  path: string,
  seen?: FileStat,
  known?: (identity: string) => ParsedContent | undefined,
): Promise<RedirectFileContent | undefined> {
  const isAtOnce = seen === undefined;
  let fd: number | undefined;
  try {
    fd = isAtOnce ? openSync(path, FLAGS) : await openAside(path, FLAGS);
    // From before it is read: a change while it is read is noticed by the next scan.
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) return undefined;
    const { identity, fingerprint, changedAt } = fileStatOf(stats);
    const isSettled = Math.abs(Date.now() - changedAt) > RACY_MS;
    const bytes = isAtOnce ? readFileSync(fd) : await readAside(fd);
    const hash = hashOf(bytes);
    const before = known?.(identity);
    const parsed = before?.hash === hash ? before.parsed : await (isAtOnce ? parseNow(bytes) : parseAside(bytes));
    return { identity, fingerprint, isSettled, hash, parsed };
  } catch (error) {
    if (isAtOnce || isAbsent(error) || codeOf(error) === "ELOOP") return undefined;
    const faults = [unreadable("a readable file", error)] as const;
    const { identity, fingerprint } = seen;
    return { identity, fingerprint, isSettled: false, hash: undefined, parsed: { ok: false, faults } };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
