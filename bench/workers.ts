/** One process and two that share the port. Two cores have to carry the load as well, so processor time counts here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestRequests, writeData } from "./data.ts";
import { type Load, load, writeRequests } from "./load.ts";
import { cranedCommand, residentBytes, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";
import { megabytes, percent, ratio, table, whole } from "./table.ts";

const PORT = 7313;
const REPOSITORIES = 1000;
const TAGS = 10;
const ROUNDS = 5;
/** Enough for the kernel to spread them evenly over the workers. */
const CONNECTIONS = 64;

const WAYS = [1, 2] as const;

interface Measured extends Load {
  readonly resident: number;
}

async function measure(data: string, requests: string, workers: number): Promise<Measured> {
  const command = cranedCommand(data, PORT, "--workers", String(workers));
  // On any core: pinned to one, two would be no more than one.
  const server = await startServer(command, PORT, undefined);
  try {
    const options = { connections: CONNECTIONS };
    await load(PORT, server, requests, { ...options, seconds: 1 });
    const loaded = await load(PORT, server, requests, { ...options, seconds: 3 });
    return { ...loaded, resident: residentBytes(server.pid) };
  } finally {
    await server.stop();
  }
}

/** @returns lines of Markdown */
export async function measureWorkers(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const data = writeData(REPOSITORIES, TAGS);
  const all = new Map<number, Measured[]>(WAYS.map((workers) => [workers, []]));
  try {
    const requests = writeRequests(join(scratch, "requests"), manifestRequests(REPOSITORIES, TAGS));
    for (let round = 0; round < rounds(ROUNDS); round++) {
      for (const workers of WAYS) all.get(workers)?.push(await measure(data.path, requests, workers));
    }
  } finally {
    data.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
  const rows = [...all].map(([workers, loads]) => {
    const of = (pick: (load: Measured) => number) => median(loads.map(pick));
    // Others on the machine can only make it more, so the least is the truest.
    const cost = Math.min(...loads.map((each) => each.cost));
    const [perSecond, busy, resident] = [
      of((each) => each.perSecond),
      of((each) => each.serverBusy),
      of((each) => each.resident),
    ];
    return { workers, cost, cells: [whole(perSecond), percent(busy), ratio(cost), megabytes(resident)] };
  });
  const [one, two] = rows;
  const scaling = one === undefined || two === undefined ? Number.NaN : (2 * one.cost) / two.cost;
  return [
    ...table(
      ["workers", "requests/s", "busy: servers, of one core", "µs of processor a request, at best", "RSS MB"],
      rows.map(({ workers, cells }) => [String(workers), ...cells]),
    ),
    "",
    `By processor time, two workers with a core each would answer ${ratio(scaling)} times as much as one.`,
  ];
}
