/** Bytes of memory that a reference costs in the catalogue, beyond its own string. */
import { heapStats } from "bun:jsc";
import { EMPTY_CATALOG, withChanges } from "../lib/core/catalog/catalog.ts";
import { parseRedirectFile } from "../lib/core/redirect-file/parse.ts";
import { fileOf } from "./data.ts";

function heapBytes(): number {
  Bun.gc(true);
  Bun.gc(true);
  const { heapSize, extraMemorySize } = heapStats();
  return heapSize + extraMemorySize;
}

function readAll(files: number, tags: number) {
  const encoder = new TextEncoder();
  return withChanges(
    EMPTY_CATALOG,
    Array.from({ length: files }, (_, repository) => {
      const parsed = parseRedirectFile(encoder.encode(JSON.stringify(fileOf(repository, tags))));
      if (!parsed.ok) throw new Error("a file of the benchmark is in error");
      return { path: `${repository}.json`, before: undefined, after: parsed.repository };
    }),
  );
}

/** Copies of all strings of the same files, in one array: what the strings themselves cost. */
function stringsOf(files: number, tags: number): readonly string[] {
  const strings: string[] = [];
  for (let repository = 0; repository < files; repository++) {
    strings.push(
      ...Object.values(JSON.parse(JSON.stringify(fileOf(repository, tags))))
        .flat()
        .filter((each) => typeof each === "string"),
    );
  }
  return strings;
}

/** @returns bytes for each reference */
function bytesBeyondStrings(files: number, tags: number): number {
  const empty = heapBytes();
  const strings = stringsOf(files, tags);
  const own = heapBytes() - empty - strings.length * 8;
  const before = heapBytes();
  const catalog = readAll(files, tags);
  const whole = heapBytes() - before;
  const references = files * tags * 2;
  if (catalog.v2.names.length !== files || strings.length < references) throw new Error("something was lost");
  return (whole - own) / references;
}

/** Files, and tags in each. */
const SIZES: readonly (readonly [files: number, tags: number])[] = [
  [10, 5000],
  [1000, 500],
  [100_000, 5],
];

/** Each size in a process of its own, since what one leaves behind would count for the next. */
export async function measureMemory(): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const [files, tags] of SIZES) {
    const bytes = await Bun.$`${process.execPath} ${import.meta.path} ${files} ${tags}`.text();
    rows.push(`| ${files} | ${tags * 2} | ${bytes.trim()} |`);
  }
  return ["| files | references in each | bytes for each reference beyond its string |", "|---:|---:|---:|", ...rows];
}

if (import.meta.main) {
  const [files, tags] = process.argv.slice(2).map(Number);
  console.log(bytesBeyondStrings(files ?? 1, tags ?? 1).toFixed(1));
}
