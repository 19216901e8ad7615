/**
 * Opens files below the content directory and the link roots, and no other files.
 *
 * On Linux a byte is read only from a regular file that was inside when it was opened. The path is opened with O_PATH
 * first, which follows links but opens nothing: no device, no FIFO. The kernel is then asked where this descriptor is
 * (`/proc/self/fd`), which no change of directories or links can falsify. Only if that is inside, the same file is
 * opened for reading, through the descriptor, not through the path. A file that is moved or replaced later is still
 * read. Systems without `/proc/self/fd` can't be asked, so content is not served there.
 *
 * A hard link or a bind mount inside is inside: the owner of the directory decides what it holds.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { resolve } from "node:path";
import { codeOf } from "../system-error.ts";

/** The identity and state of a file. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  /** Last change of the file or its inode, which programs can't set. Nanoseconds since 1970. */
  readonly changed: bigint;
  readonly inode: bigint;
  readonly device: bigint;
}

/** A regular file, open for reading. Its owner closes it. */
export interface OpenFile {
  readonly descriptor: number;
  /** Offset of its bytes in an archive. The size in its state is then that of the part. */
  readonly offset?: number;
  readonly state: FileState;
  /** May be called again. */
  readonly close: () => void;
}

/** A directory in which files are opened. */
export interface Root {
  /** As configured, made absolute. */
  readonly directory: string;
  /**
   * @param path checked by {@link isPlainRelative}
   * @returns undefined when there is no such regular file inside
   * @throws the system's error when a file may be there but can't be read, such as EACCES, EMFILE or EIO
   */
  readonly open: (path: string) => OpenFile | undefined;
  /** Returns the state of what a path leads to, inside or not; undefined when there is nothing, or when it can't tell. */
  readonly stateOf: (path: string) => FileState | undefined;
}

/** Flag of Linux, which node:fs does not name. @see open(2) */
const O_PATH = 0o10000000;
const READ_ONLY = constants.O_RDONLY | constants.O_NOCTTY;

/** Directory that shows the file of each descriptor. */
export const DESCRIPTORS = "/proc/self/fd";

/** The descriptor as a path: opening it opens the same file again, wherever its name leads by then. */
export const pathOf = ({ descriptor }: Pick<OpenFile, "descriptor">): string => `${DESCRIPTORS}/${descriptor}`;

/** The errors that mean that there is no such file: a part of the path is missing or no directory, a loop, too long. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** Returns what a call returns, or undefined where it fails because a file is missing. */
export function unlessAbsent<Value>(call: () => Value): Value | undefined {
  try {
    return call();
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** Whether a path names something below the directory that it is appended to, judged by its text alone. */
export function isPlainRelative(path: string): boolean {
  const isName = (part: string): boolean => part !== "" && part !== "." && part !== "..";
  return !path.includes("\0") && path.isWellFormed() && path.split("/").every(isName);
}

/** Whether an absolute path is below a directory. */
export const isBelow = (directory: string, path: string): boolean =>
  path.startsWith(directory === "/" ? directory : `${directory}/`);

export const stateFrom = ({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): FileState => ({
  size: Number(size),
  modified: mtimeNs,
  changed: ctimeNs,
  inode: ino,
  device: dev,
});

/** Whether nothing happened to a file, nor was it replaced. */
export const isSameState = (a: FileState, b: FileState | undefined): boolean =>
  b !== undefined &&
  a.changed === b.changed &&
  a.inode === b.inode &&
  a.size === b.size &&
  a.modified === b.modified &&
  a.device === b.device;

/** Resolves the directories that exist. */
export const resolveRoots = (directories: readonly string[]): readonly string[] =>
  directories.flatMap((directory) => unlessAbsent(() => realpathSync(directory)) ?? []);

/** Opens the file of a descriptor for reading. @param place the name of the file, for the error */
function reopen(name: string, place: string): number {
  try {
    return openSync(name, READ_ONLY);
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replace(name, place);
    throw error;
  }
}

/**
 * Prepares to open files below a directory.
 *
 * @param linkRoots further directories in which links may end
 * @param onEscape called for a path that leads outside of all of them
 */
export function openRoot(
  configured: string,
  linkRoots: readonly string[],
  onEscape: (path: string, target: string) => void,
): Root {
  const directory = resolve(configured);
  const allowed = [directory, ...linkRoots];
  let roots = resolveRoots(allowed);

  /** A publisher may swap a root that is itself a link: roots are resolved again before a file is refused. */
  const isInside = (place: string): boolean => {
    if (roots.some((root) => isBelow(root, place))) return true;
    roots = resolveRoots(allowed);
    return roots.some((root) => isBelow(root, place));
  };

  return {
    directory,
    open(path) {
      const located = unlessAbsent(() => openSync(`${directory}/${path}`, O_PATH));
      if (located === undefined) return undefined;
      try {
        const status = fstatSync(located, { bigint: true });
        if (!status.isFile()) return undefined;
        const name = pathOf({ descriptor: located });
        const place = readlinkSync(name);
        if (!isInside(place)) {
          onEscape(path, place);
          return undefined;
        }
        const descriptor = reopen(name, place);
        let isOpen = true;
        return {
          descriptor,
          state: stateFrom(status),
          close() {
            if (isOpen) closeSync(descriptor);
            isOpen = false;
          },
        };
      } finally {
        closeSync(located);
      }
    },
    stateOf(path) {
      try {
        return stateFrom(statSync(`${directory}/${path}`, { bigint: true }));
      } catch {
        return undefined;
      }
    },
  };
}

/** The error about a file that lost its end while it was read. */
export const shortened = (missing: number): Error =>
  new Error(`a file became ${missing} bytes shorter while it was read`);

/**
 * Reads a part of a file into memory.
 *
 * @throws when the file has become shorter
 */
export function readPart({ descriptor, offset = 0 }: OpenFile, start: number, end: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const count = readSync(descriptor, bytes, filled, bytes.length - filled, offset + start + filled);
    if (count === 0) throw shortened(bytes.length - filled);
    filled += count;
  }
  return bytes;
}
