/** A data directory with a hundred repositories for the drills. */
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { v2File } from "./redirects.ts";

export const NAMES: readonly string[] = Array.from({ length: 100 }, (_, number) => `app-${number}`);

/** Puts a file into the place of the one before. */
export function put(directory: string, name: string, generation: number): void {
  const path = join(directory, `${name}.json`);
  writeFileSync(`${path}.tmp`, v2File(name, generation));
  renameSync(`${path}.tmp`, path);
}

/** Writes all of them anew. */
export function fill(directory: string, generation: number): void {
  for (const name of NAMES) put(directory, name, generation);
}

export const listing = (directory: string): string => readdirSync(directory).sort().join();
