/** Redirect files to measure with, and what clients ask for of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadRequest } from "./load.ts";

const sha256 = (text: string): string => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;

export const nameOf = (repository: number): string => `group-${repository % 100}/app-${repository}`;

export const tagOf = (number: number): string => `v1.${number}`;

export const urlOf = (repository: number, generation = 0): string =>
  `http://static.example.com/pulp/docker/v2/r${repository}/${generation}/`;

/** A version 5 file with some tags and, if nothing else is said, as many digests. */
export function fileOf(repository: number, tags: number, generation = 0, digests = tags): object {
  const upTo = (length: number) => Array.from({ length }, (_, number) => number);
  return {
    version: 5,
    repository: `r${repository}`,
    "repo-registry-id": nameOf(repository),
    url: urlOf(repository, generation),
    schema2_data: [
      ...upTo(tags).map((number) => tagOf(number)),
      ...upTo(digests).map((number) => sha256(`${repository}/${number}`)),
    ],
  };
}

const PER_DIRECTORY = 1000;

export const pathOf = (directory: string, repository: number): string =>
  join(directory, String(Math.floor(repository / PER_DIRECTORY)), `r${repository}.json`);

/** A data directory that was written. */
export interface Data {
  readonly path: string;
  /** Of JSON. */
  readonly bytes: number;
  readonly remove: () => void;
}

type Make = (repository: number, tags: number, generation: number, digests: number) => object;

/** Writes the files of a generation below a directory. @returns bytes of JSON */
export function writeFiles(
  directory: string,
  files: number,
  tags: number,
  { generation = 0, digests = tags, make = fileOf as Make } = {},
): number {
  let bytes = 0;
  for (let repository = 0; repository < files; repository++) {
    const file = pathOf(directory, repository);
    const text = JSON.stringify(make(repository, tags, generation, digests));
    if (repository % PER_DIRECTORY === 0) mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    bytes += text.length;
  }
  return bytes;
}

/** Writes a data directory; call `remove` at the end. */
export function writeData(files: number, tags: number, digests = tags, make: Make = fileOf): Data {
  const path = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const bytes = writeFiles(path, files, tags, { digests, make });
  return { path, bytes, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const DOCKER = "application/vnd.docker.distribution.manifest";
const OCI = "application/vnd.oci.image";

/** As Docker's engine, containerd and Podman word it, more or less; all of them take what the files have. */
const ACCEPTS = [
  `${DOCKER}.v2+json, ${DOCKER}.list.v2+json, ${OCI}.index.v1+json, ${OCI}.manifest.v1+json, ${DOCKER}.v1+prettyjws, application/json`,
  `${DOCKER}.v2+json, ${DOCKER}.list.v2+json, ${OCI}.manifest.v1+json, ${OCI}.index.v1+json, */*`,
  `${OCI}.manifest.v1+json, ${DOCKER}.v2+json, ${OCI}.index.v1+json, ${DOCKER}.list.v2+json, ${DOCKER}.v1+json`,
] as const;

/** A prime, so that steps of it reach every reference before one comes again. */
const STEP = 7919;

/** `count` manifests by tag in a fixed shuffle of all tags of all files. */
export function manifestRequests(files: number, tags: number, count = files * tags): readonly LoadRequest[] {
  const all = files * tags;
  return Array.from({ length: count }, (_, number) => {
    const at = (number * STEP) % all;
    const [repository, tag] = [Math.floor(at / tags), tagOf(at % tags)];
    return {
      path: `/v2/${nameOf(repository)}/manifests/${tag}`,
      accept: ACCEPTS[at % ACCEPTS.length] ?? "",
      location: `${urlOf(repository)}manifests/2/${tag}`,
    };
  });
}

export const digestOf = sha256;
