import { constants as flags, type Stats } from "node:fs";
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, isAbsent } from "../../system-error.ts";
import { namingFile } from "../publish-error.ts";
import { readWhole } from "../sources/reading.ts";
import type { Target, Transferred, VerifiedContent } from "./target.ts";
import { writeAll } from "./writing.ts";

/** Errors of hard links after which the bytes are copied. */
const NO_LINK = new Set(["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

const WORLD_READABLE = 0o444;

async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Waits until a file or the entries of a directory are on disk. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface DirectoryOptions {
  /** Path of a file before it gets its name: on the same file system, one for each path. */
  readonly partialOf: (path: string) => string;
  /** Whether files of the source may get a second name here. */
  readonly mayLink: boolean;
  /** Directories with files that may get a second name here: what has the same path and size is the same. */
  readonly siblings?: () => Promise<readonly string[]>;
}

const isSame = (a: Stats, b: Stats): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs;

/** A target in a directory of this machine, which is made when something is written to it. */
export function directoryTarget(root: string, { partialOf, mayLink, siblings }: DirectoryOptions): Target {
  const full = (path: string): string => join(root, path);
  const known = new Set<string>();
  const unsettled = new Set<string>();

  /** Makes a directory and those above it; each one that is new has to be settled in its parent. */
  async function ensure(directory: string): Promise<void> {
    if (known.has(directory)) return;
    const first = await mkdir(directory, { recursive: true });
    if (first !== undefined) {
      for (let each = directory; each.length >= first.length; each = dirname(each)) unsettled.add(dirname(each));
    }
    known.add(directory);
  }

  async function preparePartial(path: string): Promise<string> {
    const partial = full(partialOf(path));
    await ensure(dirname(partial));
    await ensure(dirname(full(path)));
    await rm(partial, { force: true });
    return partial;
  }

  async function give(partial: string, path: string): Promise<void> {
    await rename(partial, full(path));
    unsettled.add(dirname(full(path)));
    // Renaming one name of a file to another of its names does nothing, and leaves both.
    await rm(partial, { force: true });
  }

  async function writeWith(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
    const partial = await preparePartial(path);
    try {
      const handle = await open(partial, flags.O_WRONLY | flags.O_CREAT | flags.O_EXCL, 0o644);
      try {
        await fill(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await give(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw namingFile(error, full(path));
    }
  }

  async function copy(path: string, content: VerifiedContent): Promise<void> {
    await writeWith(path, async (handle) => {
      for await (const chunk of content.read()) await writeAll(handle, chunk);
    });
  }

  /** Whether a file may be linked: a web server has to be able to read it, and a link of a symbolic link is one. */
  async function linkable(path: string): Promise<Stats | undefined> {
    const status = await lstat(path);
    const { dev } = await stat(root);
    const isPlain = status.isFile() && (status.mode & WORLD_READABLE) === WORLD_READABLE;
    return isPlain && status.dev === dev ? status : undefined;
  }

  /** @returns false when the system makes no link there, or the file changed while it was verified */
  async function tryLink(path: string, original: string, before: Stats): Promise<boolean> {
    const partial = await preparePartial(path);
    try {
      await link(original, partial);
    } catch (error) {
      if (NO_LINK.has(codeOf(error) ?? "")) return false;
      throw error;
    }
    if (!isSame(before, await lstat(partial))) {
      await unlink(partial);
      return false;
    }
    await sync(partial);
    await give(partial, path);
    return true;
  }

  /** Finds a file of this path and size in another repository, and links it. */
  async function tryLinkSibling(path: string, size: number | undefined): Promise<boolean> {
    for (const sibling of size === undefined ? [] : ((await siblings?.()) ?? [])) {
      const original = join(sibling, path);
      const isThere = (await unlessMissing(lstat(original)))?.size === size;
      const status = isThere ? await linkable(original) : undefined;
      if (status !== undefined && (await tryLink(path, original, status))) return true;
    }
    return false;
  }

  async function sizeOf(path: string): Promise<number | undefined> {
    const status = await unlessMissing(stat(full(path)));
    return status?.isFile() === true ? status.size : undefined;
  }

  return {
    name: root,
    sizeOf,
    async open(path) {
      const size = await sizeOf(path);
      const name = full(path);
      return size === undefined ? undefined : { name, size, read: () => readWhole(name, size), path: name };
    },
    read: (path) => unlessMissing(readFile(full(path))),
    write: (path, _, bytes) => writeWith(path, (handle) => writeAll(handle, bytes)),
    async transfer(path, _, content): Promise<Transferred> {
      await ensure(dirname(full(path)));
      if (await tryLinkSibling(path, content.size)) return "linked";
      const before = mayLink && content.path !== undefined ? await linkable(content.path) : undefined;
      if (before !== undefined && content.path !== undefined) {
        for await (const _chunk of content.read());
        if (await tryLink(path, content.path, before)) return "linked";
      }
      await copy(path, content);
      return "copied";
    },
    async duplicate(path, existing) {
      const status = await lstat(full(existing));
      if (await tryLink(path, full(existing), status)) return;
      const bytes = { size: status.size, path: undefined, read: () => Bun.file(full(existing)).stream() };
      await copy(path, bytes);
    },
    async remove(path) {
      await rm(full(path), { force: true });
      const directory = dirname(full(path));
      unsettled.add(directory);
      // An empty directory may be left of a v1 image; others are created again when needed.
      const isGone = await rmdir(directory).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
      known.delete(directory);
      unsettled.add(dirname(directory));
    },
    async *list() {
      const entries = await unlessMissing(readdir(root, { recursive: true, withFileTypes: true }));
      for (const entry of entries ?? []) {
        if (entry.isFile()) yield join(entry.parentPath, entry.name).slice(join(root, "/").length);
      }
    },
    async settle() {
      for (const directory of [...unsettled]) {
        unsettled.delete(directory);
        await unlessMissing(sync(directory));
      }
    },
  };
}
