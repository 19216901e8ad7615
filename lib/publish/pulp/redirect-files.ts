/** The redirect files below a directory, each once, however many links lead to it. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { describeFault } from "../../redirect-file/fault.ts";
import { parseRedirectFile } from "../../redirect-file/parse.ts";
import type { Repository } from "../../redirect-file/repository.ts";
import { PublishError } from "../publish-error.ts";

/** A redirect file as it lies there. */
export interface RedirectFile {
  /** As people know it. */
  readonly path: string;
  /** Where it is when links are followed: this file is replaced, and not a link to it. */
  readonly real: string;
}

/** @throws the system's error when the directory can't be read */
export async function redirectFilesIn(directory: string): Promise<readonly RedirectFile[]> {
  const seen = new Set<string>();
  const found: RedirectFile[] = [];
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
    if (!seen.has(real)) found.push({ path, real });
    seen.add(real);
  }
  await walk(directory);
  return found;
}

/** Fields that a version 5 file has of its own, or in place of those of older versions. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "version",
  "repository",
  "repo-registry-id",
  "url",
  "protected",
  "schema1_data",
  "schema2_data",
  "manifest_list_data",
  "manifest_list_amd64_tags",
  "oci_manifest_data",
  "oci_index_data",
  "referrers",
]);

const anyObject = v.record(v.string(), v.unknown());

/** A redirect file, read. */
export interface ReadFile {
  readonly repository: Repository;
  /** What people or other programs added, as a description, with its JSON. */
  readonly others: readonly (readonly [string, string])[];
}

/** @throws {PublishError} when it is broken */
export async function readRedirectFile({ path }: RedirectFile): Promise<ReadFile> {
  const bytes = await readFile(path);
  const parsed = parseRedirectFile(bytes);
  if (!parsed.ok) throw new PublishError(`${path}: ${describeFault(parsed.faults[0])}`);
  const fields = Object.entries(v.parse(anyObject, JSON.parse(bytes.toString())));
  const others = fields.filter(([name]) => !OWN_FIELDS.has(name));
  return { repository: parsed.repository, others: others.map(([name, value]) => [name, JSON.stringify(value)]) };
}
