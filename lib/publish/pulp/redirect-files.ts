/** The redirect files below a directory, each once, however many links lead to it. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeFault } from "../../core/redirect-file/fault.ts";
import { parseRedirectFile } from "../../core/redirect-file/parse.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import { PublishError } from "../publish-error.ts";
import { type OtherFields, otherFields } from "../redirect-file/text.ts";

/** A redirect file as it lies there. */
export interface RedirectFilePath {
  /** As people know it. */
  readonly path: string;
  /** Path without links: this file is replaced, not a link to it. */
  readonly real: string;
}

/** @throws the system's error when the directory can't be read */
export async function redirectFilesIn(directory: string): Promise<readonly RedirectFilePath[]> {
  const seen = new Set<string>();
  const paths: RedirectFilePath[] = [];
  async function walk(path: string): Promise<void> {
    const real = await realpath(path);
    if (seen.has(real)) return;
    seen.add(real);
    for (const name of (await readdir(path)).sort()) {
      // A ConfigMap keeps its books in such directories.
      if (name.startsWith("..")) continue;
      const inside = join(path, name);
      const status = await stat(inside).catch(() => undefined);
      if (status?.isDirectory() === true) await walk(inside);
      else if (status?.isFile() === true && name.endsWith(".json")) await add(inside);
    }
  }
  async function add(path: string): Promise<void> {
    const real = await realpath(path);
    if (!seen.has(real)) paths.push({ path, real });
    seen.add(real);
  }
  await walk(directory);
  return paths;
}

/** A redirect file, read. */
export interface LoadedRedirectFile {
  readonly repository: Repository;
  /** Fields that people or other programs added, such as a description, with their JSON. */
  readonly others: OtherFields;
}

/** @throws {PublishError} when it is broken */
export async function readRedirectFile({ path }: RedirectFilePath): Promise<LoadedRedirectFile> {
  const bytes = await readFile(path);
  const parsed = parseRedirectFile(bytes);
  if (!parsed.ok) throw new PublishError(`${path}: ${describeFault(parsed.faults[0])}`);
  return { repository: parsed.repository, others: otherFields(bytes) };
}
