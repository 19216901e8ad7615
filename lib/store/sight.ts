import type { BigIntStats } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import type { Fault } from "../core/redirect-file/fault.ts";

/** What a path was when it was looked at. */
export type Sight =
  | { readonly kind: "file"; readonly isLink: boolean; readonly facts: Facts }
  | { readonly kind: "directory"; readonly isLink: boolean; readonly identity: string }
  /** There is nothing of that name. */
  | { readonly kind: "gone" }
  /** A link that leads nowhere, or only to itself. */
  | { readonly kind: "dangling"; readonly fault: Fault }
  /** A device, pipe or socket. */
  | { readonly kind: "other"; readonly isLink: boolean; readonly fault: Fault }
  /** There is something, but it can't be seen. */
  | { readonly kind: "unreadable"; readonly isLink: boolean; readonly fault: Fault };

/** Which file it is, and whether it is as it was. */
export interface Facts {
  /** Device and inode: two paths with the same are one file. */
  readonly identity: string;
  /** Changes whenever the content does, save for edits within one tick of the file system's clock. */
  readonly fingerprint: string;
  /** When content or metadata last changed, in ms since 1970 by the file system's clock. */
  readonly changedAt: number;
}

/** @returns the code of an error of the file system, like ENOENT */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** @returns whether the error says that there is nothing of that name, rather than that it can't be seen */
export const isGone = (code: string): boolean => code === "ENOENT" || code === "ENOTDIR";

export const unreadable = (expected: string, code: string): Fault => ({ field: "", expected, received: code });

/** Device, inode, and when it was made where that is known: the number of an inode is given to the next file at once. */
export const identityOf = ({ dev, ino, birthtimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${birthtimeNs.toString(36)}`;

export function factsOf(stats: BigIntStats): Facts {
  const identity = identityOf(stats);
  return {
    identity,
    fingerprint: `${identity}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    changedAt: Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs)),
  };
}

/** Follows a link, and says what is at its end. */
async function lookBehind(path: string): Promise<Sight> {
  try {
    return describe(await stat(path, { bigint: true }), true);
  } catch (error) {
    const code = codeOf(error);
    return isGone(code) || code === "ELOOP"
      ? { kind: "dangling", fault: unreadable("a link to a file", code) }
      : { kind: "unreadable", isLink: true, fault: unreadable("a readable file or directory", code) };
  }
}

function describe(stats: BigIntStats, isLink: boolean): Sight {
  if (stats.isFile()) return { kind: "file", isLink, facts: factsOf(stats) };
  if (stats.isDirectory()) return { kind: "directory", isLink, identity: identityOf(stats) };
  return { kind: "other", isLink, fault: unreadable("a file", "a device, pipe or socket") };
}

/** Looks at a path, through links. */
export async function lookAt(path: string): Promise<Sight> {
  try {
    const stats = await lstat(path, { bigint: true });
    return stats.isSymbolicLink() ? await lookBehind(path) : describe(stats, false);
  } catch (error) {
    const code = codeOf(error);
    if (isGone(code)) return { kind: "gone" };
    return { kind: "unreadable", isLink: false, fault: unreadable("a readable file or directory", code) };
  }
}

/** Whether a directory can be listed and has nothing in it. */
export const isEmptyDirectory = (path: string): Promise<boolean> =>
  readdir(path).then(
    (names) => names.length === 0,
    () => false,
  );

/** What is there in place of a directory, for people. */
export const whatIsAt = (sight: Sight): string =>
  sight.kind === "gone" ? "nothing of that name" : "fault" in sight ? sight.fault.received : "a file";
