/** Redirect files to measure with. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const digest = (repository: number, number: number): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(`${repository}/${number}`).digest("hex")}`;

export const nameOf = (repository: number): string => `group-${repository % 100}/app-${repository}`;

/** A version 5 file with `references` tags and as many digests. */
export function fileOf(repository: number, references: number, generation = 0): object {
  const numbers = Array.from({ length: references }, (_, number) => number);
  return {
    version: 5,
    repository: `r${repository}`,
    "repo-registry-id": nameOf(repository),
    url: `http://static.example.com/pulp/docker/v2/r${repository}/${generation}/`,
    schema2_data: numbers.flatMap((number) => [`v1.${number}`, digest(repository, number)]),
  };
}

const PER_DIRECTORY = 1000;

export const pathOf = (directory: string, repository: number): string =>
  join(directory, String(Math.floor(repository / PER_DIRECTORY)), `r${repository}.json`);

/** Writes a data directory; call `remove` at the end. */
export function writeData(files: number, references: number): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "craned-bench-"));
  for (let repository = 0; repository < files; repository++) {
    const file = pathOf(path, repository);
    if (repository % PER_DIRECTORY === 0) mkdirSync(join(file, ".."));
    writeFileSync(file, JSON.stringify(fileOf(repository, references)));
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
