import { lstat, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsoluteUrl } from "../../core/redirect-file/blob-template.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { Digest } from "../../core/reference.ts";
import { codeOf } from "../../system-error.ts";
import { hasherFor, readPart } from "../sources/reading.ts";
import type { Host, Mismatch, WantedBlob } from "./host.ts";
import { MAX_WHOLE, wrongDigest, wrongSize } from "./problems.ts";

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "nothing",
  ENOTDIR: "nothing",
  EACCES: "permission denied",
  EISDIR: "a directory",
};

/** Turns a system error about a file into a problem; rethrows others. */
function problemOf(error: unknown): Mismatch {
  const code = codeOf(error);
  if (code === undefined) throw error;
  return { expected: "a file", received: WHY[code] ?? code };
}

/**
 * Repositories as directories of one directory for each API, which may be the same, such as publishing writes them and
 * `[serve_content]` reads them. Every byte is read and hashed; a file that has many names, such as a layer of several
 * repositories, once.
 */
export function directoryHost(directories: Readonly<Record<Repository["api"], string>>): Host {
  const sums = new Map<string, Promise<string>>();
  /** A URL beside the repository's is a directory beside its own. */
  function nameOf({ api, repository, url }: Repository, path: string): string {
    const above = url.slice(0, -`${repository}/`.length);
    const isBeside = isAbsoluteUrl(path) && path.startsWith(above) && url.endsWith(`/${repository}/`);
    return isBeside ? join(directories[api], path.slice(above.length)) : join(directories[api], repository, path);
  }

  async function sum(name: string, digest: Digest, size: number): Promise<string> {
    const hasher = hasherFor(digest);
    const handle = await open(name, "r");
    try {
      for await (const chunk of readPart(handle, 0, size, name)) hasher.update(chunk);
    } finally {
      await handle.close();
    }
    return hasher.digest();
  }

  async function sumOnce(name: string, digest: Digest): Promise<string> {
    const status = await stat(name);
    const isShared = status.nlink > 1 || (await lstat(name)).isSymbolicLink();
    if (!isShared) return await sum(name, digest, status.size);
    const key = `${status.dev} ${status.ino} ${digest.split(":")[0]}`;
    const known = sums.get(key) ?? sum(name, digest, status.size);
    sums.set(key, known);
    return await known;
  }

  async function statusOf(name: string): Promise<number | Mismatch> {
    try {
      const status = await stat(name);
      return status.isFile() ? status.size : { expected: "a file", received: "something else" };
    } catch (error) {
      return problemOf(error);
    }
  }

  return {
    nameOf,
    async read(repository, path) {
      const name = nameOf(repository, path);
      const size = await statusOf(name);
      if (typeof size !== "number") return size;
      if (size > MAX_WHOLE) return wrongSize(`at most ${MAX_WHOLE}`, size);
      try {
        return { bytes: await Bun.file(name).bytes(), contentType: undefined };
      } catch (error) {
        return problemOf(error);
      }
    },
    ask: async () => undefined,
    ignoresRange: () => false,
    async inspect(repository, path, { digest, size }: WantedBlob) {
      const name = nameOf(repository, path);
      const there = await statusOf(name);
      if (typeof there !== "number") return there;
      if (size !== undefined && there !== size) return wrongSize(String(size), there);
      if (digest === undefined) return there === 0 ? { expected: "a layer", received: "an empty file" } : undefined;
      try {
        return wrongDigest(digest, await sumOnce(name, digest));
      } catch (error) {
        return problemOf(error);
      }
    },
  };
}
