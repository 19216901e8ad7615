/** One reference to a million, in one file and in many: how fast they are loaded, and what a request costs then. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestRequests, writeData } from "./data.ts";
import { type Load, load, writeRequests } from "./load.ts";
import { cranedCommand, residentBytes, startServer } from "./process.ts";
import { keepResults, type Results } from "./results.ts";
import { median, rounds } from "./rounds.ts";
import { megabytes, table, time, whole } from "./table.ts";

const PORT = 7304;
const CONNECTIONS = 32;
const ROUNDS = 3;
/** More than are remembered as they were sent, so that most have to be decided. */
const REQUESTS = 100_000;
/** As popular images are: fewer than are remembered. */
const POPULAR = 1000;
/** Of JSON; less is loaded in less time than a start varies by. */
const LEAST_BYTES = 4e6;

/** Files, and tags and digests in each. */
const SIZES: readonly (readonly [files: number, tags: number, digests: number])[] = [
  [1, 1, 0],
  [1, 500, 500],
  [1, 50_000, 50_000],
  [10_000, 5, 5],
  [1, 500_000, 500_000],
  [10, 50_000, 50_000],
  [100_000, 5, 5],
];

type Row = NonNullable<Results["references"]>[number] & {
  readonly start: number;
  readonly resident: number;
  /** Microseconds of processor time a request, when few are asked for. */
  readonly popularCost: number;
};

/** Milliseconds of a start with nothing to load. */
async function bareStart(): Promise<number> {
  const data = writeData(0, 0);
  const starts: number[] = [];
  for (let round = 0; round < 2 * rounds(ROUNDS) + 1; round++) {
    const server = await startServer(cranedCommand(data.path, PORT), PORT);
    starts.push(server.start);
    await server.stop();
  }
  data.remove();
  return median(starts);
}

async function measureSize(
  [files, tags, digests]: readonly [number, number, number],
  bare: number,
  scratch: string,
): Promise<Row> {
  const data = writeData(files, tags, digests);
  const requests = manifestRequests(files, tags, Math.min(files * tags, REQUESTS));
  const file = writeRequests(join(scratch, "requests"), requests);
  const popular = writeRequests(join(scratch, "popular"), requests.slice(0, POPULAR));
  const loads: Load[] = [];
  const popularLoads: Load[] = [];
  const starts: number[] = [];
  let resident = 0;
  try {
    for (let round = 0; round < rounds(ROUNDS); round++) {
      const server = await startServer(cranedCommand(data.path, PORT), PORT);
      starts.push(server.start);
      await load(PORT, server, file, { connections: CONNECTIONS, seconds: 1 });
      loads.push(await load(PORT, server, file, { connections: CONNECTIONS, seconds: 2 }));
      resident = residentBytes(server.pid);
      await load(PORT, server, popular, { connections: CONNECTIONS, seconds: 1 });
      popularLoads.push(await load(PORT, server, popular, { connections: CONNECTIONS, seconds: 2 }));
      await server.stop();
    }
  } finally {
    data.remove();
  }
  if ([...loads, ...popularLoads].some(({ refused, broken }) => refused + broken > 0))
    throw new Error(`${files} files: not all were found`);
  const start = median(starts);
  return {
    references: files * (tags + digests),
    files,
    megabytes: data.bytes / 1e6,
    megabytesPerSecond: data.bytes < LEAST_BYTES ? null : data.bytes / 1e3 / (start - bare),
    start,
    resident,
    cost: median(loads.map(({ cost }) => cost)),
    popularCost: median(popularLoads.map(({ cost }) => cost)),
    perSecond: median(loads.map(({ perSecond }) => perSecond)),
    p50: median(loads.map(({ p50 }) => p50)),
    p99: median(loads.map(({ p99 }) => p99)),
    p999: median(loads.map(({ p999 }) => p999)),
  };
}

const COLUMNS = [
  "references",
  "files",
  "MB of JSON",
  "first answer ms",
  "loaded, MB/s",
  "requests/s",
  "µs of processor a request",
  "µs, 1,000 asked for",
  "p50 ms",
  "p99 ms",
  "p999 ms",
  "RSS MB",
];

/** @returns lines of Markdown */
export async function measureReferences(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const bare = await bareStart();
  const rows: Row[] = [];
  try {
    for (const size of SIZES) rows.push(await measureSize(size, bare, scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  keepResults({ references: rows.map(({ start: _, resident: __, popularCost: ___, ...row }) => row) });
  const lines = table(
    COLUMNS,
    rows.map((row) => [
      whole(row.references),
      whole(row.files),
      row.megabytes < 1 ? "–" : row.megabytes.toFixed(0),
      whole(row.start),
      row.megabytesPerSecond?.toFixed(0) ?? "–",
      whole(row.perSecond),
      row.cost.toFixed(1),
      row.popularCost.toFixed(1),
      ...[row.p50, row.p99, row.p999].map(time),
      megabytes(row.resident),
    ]),
  );
  return [...lines, "", `With nothing to load, the first answer is there after ${whole(bare)} ms.`];
}
