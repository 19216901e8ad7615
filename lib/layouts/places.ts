/** Finds image layouts at a path or below it. */
import type { BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A layout that may be one: a directory with an `index.json`, or an archive. */
export interface Place {
  readonly path: string;
  readonly isArchive: boolean;
  /** Its path below the directory that was given, without the ending of an archive; empty for that itself. */
  readonly below: string;
  /** Another as soon as something else is there. */
  readonly fingerprint: string;
}

const INDEX_FILE = "index.json";
const ARCHIVE = /\.tar$/;

/** Deeper than any name of a repository goes; a link may lead around in a circle. */
const MAX_DEPTH = 12;

/** The state of a file. */
export const fingerprintOf = ({ ino, size, mtimeNs }: Pick<BigIntStats, "ino" | "size" | "mtimeNs">): string =>
  [ino, size, mtimeNs].join("-");

async function* walk(path: string, below: string, depth: number, directories: Set<string>): AsyncGenerator<Place> {
  const status = await stat(path, { bigint: true });
  if (status.isFile()) {
    yield { path, isArchive: true, below: below.replace(ARCHIVE, ""), fingerprint: fingerprintOf(status) };
    return;
  }
  if (!status.isDirectory()) return;
  directories.add(path);
  const names = (await readdir(path)).sort();
  if (names.includes(INDEX_FILE)) {
    const fingerprint = fingerprintOf(await stat(join(path, INDEX_FILE), { bigint: true }));
    yield { path, isArchive: false, below, fingerprint };
    return;
  }
  for (const name of names) {
    if (name.startsWith(".") || depth === MAX_DEPTH) continue;
    const inside = join(path, name);
    const isWanted = ARCHIVE.test(name) || (await stat(inside).catch(() => undefined))?.isDirectory() === true;
    if (isWanted) yield* walk(inside, join(below, name), depth + 1, directories);
  }
}

/**
 * Finds the layouts at a path or below it.
 *
 * @returns the layouts, and the directories in which others may appear
 * @throws the system's error when the path can't be read
 */
export async function findPlaces(
  path: string,
): Promise<{ readonly places: Place[]; readonly directories: Set<string> }> {
  const directories = new Set<string>();
  const places = await Array.fromAsync(walk(path, "", 0, directories));
  return { places, directories };
}
