import type { BigIntStats } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import type { Fault } from "../../core/redirect-file/fault.ts";
import { codeOf, codeOrText, isAbsent } from "../../system-error.ts";

/** The kind of a path, without following a symbolic link. */
export type Stat =
  | ({ readonly kind: "file" } & FileStat)
  | { readonly kind: "directory"; readonly identity: string }
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "removed" }
  | Unusable;

export interface Unusable {
  /** Special: a device, pipe or socket. Dangling: a link that leads nowhere for the moment, or to itself. */
  readonly kind: "special" | "dangling" | "unreadable";
  readonly fault: Fault;
}

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

export async function statAt(path: string): Promise<Stat> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (stats.isFile()) return { kind: "file", ...fileStatOf(stats) };
    if (stats.isDirectory()) return { kind: "directory", identity: identityOf(stats) };
    if (stats.isSymbolicLink()) return { kind: "link", to: await readlink(path) };
    return { kind: "special", fault: unreadable("a file", "a device, pipe or socket") };
  } catch (error) {
    if (isAbsent(error)) return { kind: "removed" };
    return { kind: "unreadable", fault: unreadable("a readable file or directory", error) };
  }
}

/** @returns why a link leads nowhere; undefined when it leads somewhere by now */
export async function linkFaultAt(path: string): Promise<Unusable | undefined> {
  try {
    await stat(path);
    return undefined;
  } catch (error) {
    return isAbsent(error) || codeOf(error) === "ELOOP"
      ? { kind: "dangling", fault: unreadable("a link to a file", error) }
      : { kind: "unreadable", fault: unreadable("a readable file or directory", error) };
  }
}

/** @returns the identity of what a path leads to, through links; undefined when it leads nowhere */
export const identityAt = (path: string): Promise<string | undefined> =>
  stat(path, { bigint: true }).then(identityOf, () => undefined);
