/** What measuring costs: redirects of a craned that counts them, and of one that nobody may ask, by turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestRequests, writeData } from "./data.ts";
import { type Load, load, writeRequests } from "./load.ts";
import { cranedCommand, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";
import { ratio, table, whole } from "./table.ts";

const PORT = 7311;
const REPOSITORIES = 1000;
const TAGS = 10;
/** Processes are not quite alike, so that each way has several; within a pair of them turns are short. */
const PAIRS = 4;
const TURNS = 6;

const WAYS = [
  { name: "measured", port: PORT, listen: "127.0.0.1:7321" },
  { name: "not measured", port: PORT + 1, listen: "off" },
] as const;

type Way = (typeof WAYS)[number];

/** Microseconds of the processor for one request. Others on the core can only make it more, so the least is the truest. */
const cost = ({ serverBusy, perSecond }: Load): number => (serverBusy / perSecond) * 1e6;

async function pairOf(data: string, requests: string, loads: ReadonlyMap<Way, Load[]>): Promise<void> {
  const started = [];
  try {
    for (const way of WAYS) {
      const server = await startServer(cranedCommand(data, way.port, "--management-listen", way.listen), way.port);
      started.push({ way, server });
      await load(way.port, server, requests, { seconds: 1 });
    }
    for (let turn = 0; turn < rounds(TURNS); turn++) {
      const order = turn % 2 === 0 ? started : started.toReversed();
      for (const { way, server } of order) {
        loads.get(way)?.push(await load(way.port, server, requests, { seconds: 1 }));
      }
    }
  } finally {
    for (const { server } of started) await server.stop();
  }
}

/** @returns lines of Markdown */
export async function measureMetrics(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const data = writeData(REPOSITORIES, TAGS);
  const loads = new Map<Way, Load[]>(WAYS.map((way) => [way, []]));
  try {
    const requests = writeRequests(join(scratch, "requests"), manifestRequests(REPOSITORIES, TAGS));
    for (let pair = 0; pair < rounds(PAIRS); pair++) await pairOf(data.path, requests, loads);
  } finally {
    data.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
  const rows = [...loads].map(([{ name }, all]) => {
    const of = (pick: (load: Load) => number) => median(all.map(pick));
    return {
      name,
      perSecond: of((each) => each.perSecond),
      p99: of((each) => each.p99),
      cost: Math.min(...all.map(cost)),
    };
  });
  const [on, off] = rows;
  const share = on === undefined || off === undefined ? Number.NaN : on.cost / off.cost - 1;
  return [
    ...table(
      ["redirects", "requests/s", "p99 ms", "µs of the processor each, at best"],
      rows.map((row) => [row.name, whole(row.perSecond), ratio(row.p99), ratio(row.cost)]),
    ),
    "",
    `Measuring takes ${(share * 100).toFixed(1)} % more of the processor.`,
  ];
}
