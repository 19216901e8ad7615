/** Bytes of memory that a reference costs in the catalogue, beyond its own string and the bytes of manifests. */
import { heapStats } from "bun:jsc";
import { EMPTY_CATALOG, withChanges } from "../lib/core/catalog/catalog.ts";
import { createManifestPool } from "../lib/core/redirect-file/manifest-pool.ts";
import { parseRedirectFile } from "../lib/core/redirect-file/parse.ts";
import { fileOf } from "./data.ts";
import { configOf, manifestsOf, wholeFileOf } from "./images.ts";
import { table, whole } from "./table.ts";

function heapBytes(): number {
  Bun.gc(true);
  Bun.gc(true);
  return heapStats().heapSize;
}

/** Copies a text, so that no two places share its memory. */
const copyOf = (text: string): string => JSON.parse(JSON.stringify(text));

type Version = 5 | 6;

function readAll(version: Version, files: number, tags: number) {
  const encoder = new TextEncoder();
  const make = version === 5 ? fileOf : wholeFileOf;
  const pool = createManifestPool();
  const catalog = withChanges(
    EMPTY_CATALOG,
    Array.from({ length: files }, (_, repository) => {
      const parsed = parseRedirectFile(encoder.encode(JSON.stringify(make(repository, tags))));
      if (!parsed.ok) throw new Error("a file of the benchmark is in error");
      const { repository: read } = parsed;
      const after = read.version === 6 ? pool.share(read) : read;
      return { path: `${repository}.json`, before: undefined, after };
    }),
  );
  return { catalog, pool };
}

/** Returns the tags and digests that a file names, and the bytes of its manifests. */
function contentOf(version: Version, repository: number, tags: number) {
  if (version === 5) {
    const { schema2_data } = fileOf(repository, tags) as { readonly schema2_data: readonly string[] };
    return { references: schema2_data, bytes: 0 };
  }
  const manifests = manifestsOf(repository, tags);
  const digests = manifests.flatMap(({ text, descriptor }) => [
    descriptor.digest,
    ...(JSON.parse(text) as { layers: readonly { digest: string }[] }).layers.map(({ digest }) => digest),
  ]);
  const tagged = manifests.map((_, number) => `v1.${number}`);
  return {
    references: [configOf(repository).descriptor.digest, ...digests, ...tagged],
    bytes: manifests.reduce((sum, { text }) => sum + text.length, 0),
  };
}

/** @returns bytes for each reference */
function bytesBeyondStrings(version: Version, files: number, tags: number): number {
  const empty = heapBytes();
  const strings: string[] = [];
  let manifests = 0;
  for (let repository = 0; repository < files; repository++) {
    const { references, bytes } = contentOf(version, repository, tags);
    strings.push(...references.map(copyOf));
    manifests += bytes;
  }
  const own = heapBytes() - empty - strings.length * 8 + manifests;
  const before = heapBytes();
  const read = readAll(version, files, tags);
  const all = heapBytes() - before;
  if (read.catalog.v2.names.length !== files) throw new Error("something was lost");
  return (all - own) / strings.length;
}

/** Version, files, and tags in each. */
const SIZES: readonly (readonly [version: Version, files: number, tags: number])[] = [
  [5, 10, 5000],
  [5, 1000, 500],
  [5, 100_000, 5],
  [6, 10, 2000],
  [6, 1000, 20],
  [6, 20_000, 1],
];

/** Each size in a process of its own, since the garbage of one would count for the next. */
export async function measureMemory(): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  for (const [version, files, tags] of SIZES) {
    const bytes = await Bun.$`${process.execPath} ${import.meta.path} ${version} ${files} ${tags}`.text();
    rows.push([String(version), whole(files), whole(tags), bytes.trim()]);
  }
  return table(["version", "files", "tags in each", "bytes for each tag, manifest and blob"], rows);
}

if (import.meta.main) {
  const [version, files, tags] = process.argv.slice(2).map(Number);
  console.log(bytesBeyondStrings(version === 5 ? 5 : 6, files ?? 1, tags ?? 1).toFixed(1));
}
