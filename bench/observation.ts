/** What the metrics and the access log add to a redirect: servers with and without them, by turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestRequests, writeData } from "./data.ts";
import { load, writeRequests } from "./load.ts";
import { cranedCommand, startServer } from "./process.ts";
import { rounds } from "./rounds.ts";
import { ratio, table } from "./table.ts";

const PORT = 7311;
const REPOSITORIES = 1000;
const TAGS = 10;
const ROUNDS = 6;

const WAYS: readonly (readonly [name: string, ...flags: readonly string[]])[] = [
  ["metrics, as is the default"],
  ["metrics and the combined log", "--log-access", "--log-access-format", "combined"],
  ["metrics and the structured log", "--log-access"],
];

/** @returns lines of Markdown */
export async function measureObservation(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const data = writeData(REPOSITORIES, TAGS);
  const costs = WAYS.map((): number[] => []);
  try {
    const requests = writeRequests(join(scratch, "requests"), manifestRequests(REPOSITORIES, TAGS));
    for (let round = 0; round < rounds(ROUNDS); round++) {
      for (const [way, [, ...flags]] of WAYS.entries()) {
        const server = await startServer(cranedCommand(data.path, PORT, ...flags), PORT);
        await load(PORT, server, requests, { seconds: 1 });
        costs[way]?.push((await load(PORT, server, requests, { seconds: 2 })).cost);
        await server.stop();
      }
    }
  } finally {
    data.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
  const least = costs.map((each) => Math.min(...each));
  return table(
    ["redirects", "µs of processor", "÷ the first"],
    WAYS.map(([name], way) => [name, ratio(least[way] ?? Number.NaN), ratio((least[way] ?? 0) / (least[0] ?? 0))]),
  );
}
