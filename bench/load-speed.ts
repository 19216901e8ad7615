/** Loading at the start, and what a redirect costs then: one reference to a million, in one file and in many. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileOf, manifestRequests, writeData } from "./data.ts";
import { wholeFileOf } from "./images.ts";
import { load, writeRequests } from "./load.ts";
import { cranedCommand, processorSeconds, residentBytes, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";
import { megabytes, table, time, whole } from "./table.ts";

const PORT = 7304;
const ROUNDS = 3;
const REQUESTS = 100_000;
/** Of JSON; less is loaded in less time than a start varies by. */
const LEAST_BYTES = 4e6;

/** Version, files, and tags in each; a file of version 5 has as many digests as tags. */
const SIZES: readonly (readonly [version: 5 | 6, files: number, tags: number])[] = [
  [5, 1, 1],
  [5, 1, 500],
  [5, 1, 50_000],
  [5, 10_000, 5],
  [5, 10, 50_000],
  [5, 100_000, 5],
  [6, 10, 2000],
  [6, 10_000, 5],
];

interface Start {
  /** Milliseconds from exec to the first answer. */
  readonly milliseconds: number;
  /** Milliseconds of processor time until then. */
  readonly processor: number;
}

/** Returns the least of several starts with nothing to load. */
async function bareStart(): Promise<Start> {
  const data = writeData(0, 0);
  const starts: Start[] = [];
  for (let round = 0; round < 2 * rounds(ROUNDS) + 1; round++) {
    const server = await startServer(cranedCommand(data.path, PORT), PORT);
    starts.push({ milliseconds: server.start, processor: processorSeconds(server.pid) * 1000 });
    await server.stop();
  }
  data.remove();
  return leastOf(starts);
}

const leastOf = (starts: readonly Start[]): Start => ({
  milliseconds: Math.min(...starts.map(({ milliseconds }) => milliseconds)),
  processor: Math.min(...starts.map(({ processor }) => processor)),
});

async function measureSize([version, files, tags]: (typeof SIZES)[number], bare: Start, scratch: string) {
  const data = writeData(files, tags, tags, version === 5 ? fileOf : wholeFileOf);
  const requests = manifestRequests(files, tags, Math.min(files * tags, REQUESTS));
  const file = writeRequests(join(scratch, "requests"), requests);
  const starts: Start[] = [];
  const costs: number[] = [];
  const slow: number[] = [];
  let resident = 0;
  try {
    for (let round = 0; round < rounds(ROUNDS); round++) {
      const server = await startServer(cranedCommand(data.path, PORT), PORT);
      starts.push({ milliseconds: server.start, processor: processorSeconds(server.pid) * 1000 });
      resident = residentBytes(server.pid);
      await load(PORT, server, file, { seconds: 1 });
      const { cost, p99, refused, broken } = await load(PORT, server, file, { seconds: 2 });
      if (refused + broken > 0) throw new Error(`${files} files: not all were found`);
      costs.push(cost);
      slow.push(p99);
      await server.stop();
    }
  } finally {
    data.remove();
  }
  const start = leastOf(starts);
  const speed = (from: number, to: number) =>
    data.bytes < LEAST_BYTES ? "–" : (data.bytes / 1e3 / (to - from)).toFixed(0);
  return [
    String(version),
    whole(files),
    whole(files * tags * 2),
    data.bytes < 1e6 ? "–" : megabytes(data.bytes),
    whole(start.milliseconds),
    speed(bare.milliseconds, start.milliseconds),
    speed(bare.processor, start.processor),
    Math.min(...costs).toFixed(1),
    time(median(slow)),
    megabytes(resident),
  ];
}

const COLUMNS = [
  "files",
  "tags and digests",
  "MB of JSON",
  "first answer ms",
  "loaded, MB/s",
  "MB a second of processor",
  "µs of processor a request",
  "p99 ms",
  "RSS MB",
];

/** @returns lines of Markdown */
export async function measureLoading(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const bare = await bareStart();
  const rows: (readonly string[])[] = [];
  try {
    for (const size of SIZES) rows.push(await measureSize(size, bare, scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const lines = table(["version", ...COLUMNS], rows);
  return [...lines, "", `With nothing to load, the first answer is there after ${whole(bare.milliseconds)} ms.`];
}
