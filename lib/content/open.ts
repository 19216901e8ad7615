/**
 * Opens files below one directory, and nothing else.
 *
 * What is promised, on Linux: a byte is read only from a regular file that was, after it had been opened, below the
 * directory. Links are followed, `..` in them too, as long as they end inside. The path is resolved and judged first,
 * so that nothing outside is opened at all, not even for a moment; then the result is opened, without following a
 * link that somebody may have put there since; then the kernel is asked where the open file is, which no change of
 * directories or links in between can falsify, and only then is it read. A file that is moved out or replaced
 * later is still read: it was inside when it was asked for.
 *
 * What is not: a hard link or a bind mount inside is inside. Who may write to the directory decides what it holds.
 */
import { constants as flags, realpathSync } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { resolve } from "node:path";

/** A regular file, open for reading; whoever has it closes it. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  readonly inode: bigint;
}

/** The only directory that files are opened below. */
export interface Root {
  /** As configured, made absolute. */
  readonly directory: string;
  /**
   * @param path checked by {@link isPlainRelative}
   * @returns undefined when there is no such regular file inside
   * @throws the system's error when a file may be there but can't be read, as EACCES, EMFILE, EIO
   */
  readonly open: (path: string) => Promise<OpenFile | undefined>;
}

// Without O_NONBLOCK a FIFO would hold a thread until somebody writes to it.
const READ_ONLY = flags.O_RDONLY | flags.O_NOFOLLOW | flags.O_NONBLOCK | flags.O_NOCTTY;

/** The errors that say that there is no such file: a part of the path is missing, no directory, a loop, too long. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ENXIO"]);

const isAbsence = (error: unknown): boolean => error instanceof Error && "code" in error && ABSENT.has(error.code);

async function unlessAbsent<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether a path names something below the directory that it is put after, by its letters alone. */
export function isPlainRelative(path: string): boolean {
  const isName = (part: string): boolean => part !== "" && part !== "." && part !== "..";
  return !path.includes("\0") && path.isWellFormed() && path.split("/").every(isName);
}

const isBelow = (directory: string, path: string): boolean =>
  path.startsWith(directory === "/" ? directory : `${directory}/`);

/**
 * Prepares to open files below a directory.
 *
 * @param onEscape told of a path that leads outside: a publisher's mistake, or worse
 * @throws the system's error when the directory can't be resolved, as ENOENT
 */
export function openRoot(configured: string, onEscape: (path: string, target: string) => void): Root {
  const directory = resolve(configured);
  let real = realpathSync(directory);

  /** A publisher may swap the directory itself, when it is a link: then it is looked up anew. */
  const isInside = async (path: string): Promise<boolean> => {
    if (isBelow(real, path)) return true;
    real = (await unlessAbsent(realpath(directory))) ?? real;
    return isBelow(real, path);
  };

  const check = async (handle: FileHandle, path: string): Promise<OpenFile | undefined> => {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) return undefined;
    const place = await readlink(`/proc/self/fd/${handle.fd}`);
    if (await isInside(place)) {
      return { handle, size: Number(status.size), modified: status.mtimeNs, inode: status.ino };
    }
    onEscape(path, place);
    return undefined;
  };

  return {
    directory,
    async open(path) {
      const target = await unlessAbsent(realpath(`${directory}/${path}`));
      if (target === undefined) return undefined;
      if (!(await isInside(target))) {
        onEscape(path, target);
        return undefined;
      }
      const handle = await unlessAbsent(open(target, READ_ONLY));
      if (handle === undefined) return undefined;
      let file: OpenFile | undefined;
      try {
        file = await check(handle, path);
        return file;
      } finally {
        if (file === undefined) await handle.close();
      }
    },
  };
}
