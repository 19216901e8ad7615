import type { BigIntStats } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import type { Fault } from "../../core/redirect-file/fault.ts";
import { codeOf, codeOrText, isAbsent } from "../../system-error.ts";

/** The kind of a path, and whether it is a symbolic link. */
export type Stat =
  | ({ readonly kind: "file"; readonly isLink: boolean } & FileStat)
  | { readonly kind: "directory"; readonly isLink: boolean; readonly identity: string }
  /** A device, pipe or socket. */
  | { readonly kind: "special"; readonly isLink: boolean; readonly fault: Fault }
  | { readonly kind: "removed"; readonly isLink: false }
  /** A link that leads nowhere for the moment, or to itself. */
  | { readonly kind: "dangling"; readonly isLink: true; readonly fault: Fault }
  | { readonly kind: "unreadable"; readonly isLink: boolean; readonly fault: Fault };

export interface FileStat {
  /** Two paths with the same identity are one file. */
  readonly identity: string;
  /** Changes whenever the content does, except for edits within one tick of the file system's clock. */
  readonly fingerprint: string;
  /** When content or metadata last changed, in ms since 1970 by the file system's clock. */
  readonly changedAt: number;
}

/** Names the reason of an error of the file system: `EACCES: permission denied`. */
export function unreadable(expected: string, error: unknown): Fault {
  const code = codeOrText(error);
  const message = error instanceof Error && error.message.startsWith(`${code}: `) ? error.message : code;
  return { field: "", expected, received: message.split(", ")[0] ?? code };
}

/** Device, inode and birth time, where known: file systems reuse the number of an inode at once. */
const identityOf = ({ dev, ino, birthtimeNs }: BigIntStats): string => `${dev}:${ino}:${birthtimeNs.toString(36)}`;

export function fileStatOf(stats: BigIntStats): FileStat {
  const identity = identityOf(stats);
  return {
    identity,
    fingerprint: `${identity}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    changedAt: Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs)),
  };
}

function statOf(stats: BigIntStats, isLink: boolean): Stat {
  if (stats.isFile()) return { kind: "file", isLink, ...fileStatOf(stats) };
  if (stats.isDirectory()) return { kind: "directory", isLink, identity: identityOf(stats) };
  return { kind: "special", isLink, fault: unreadable("a file", "a device, pipe or socket") };
}

async function statThroughLink(path: string): Promise<Stat> {
  try {
    return statOf(await stat(path, { bigint: true }), true);
  } catch (error) {
    return isAbsent(error) || codeOf(error) === "ELOOP"
      ? { kind: "dangling", isLink: true, fault: unreadable("a link to a file", error) }
      : { kind: "unreadable", isLink: true, fault: unreadable("a readable file or directory", error) };
  }
}

/** Looks at a path, and through it if it is a link. */
export async function statAt(path: string): Promise<Stat> {
  try {
    const stats = await lstat(path, { bigint: true });
    return stats.isSymbolicLink() ? await statThroughLink(path) : statOf(stats, false);
  } catch (error) {
    if (isAbsent(error)) return { kind: "removed", isLink: false };
    return { kind: "unreadable", isLink: false, fault: unreadable("a readable file or directory", error) };
  }
}

/** @returns whether a directory can be listed and has no entries */
export const isEmptyDirectory = (path: string): Promise<boolean> =>
  readdir(path).then(
    (names) => names.length === 0,
    () => false,
  );
