/** Side by side: craned and others, asked for the same things, by turns, on the same core. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { absent, contestants } from "./contestants/all.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { writeData } from "./data.ts";
import { requestsOf } from "./kinds.ts";
import { writeRequests } from "./load.ts";
import { sideBySide } from "./redirects-tables.ts";
import { keepResults } from "./results.ts";
import { rounds } from "./rounds.ts";
import { MEASURES, requestsFor, type Turn, takeTurn } from "./turn.ts";

const PORT = 7301;
const REPOSITORIES = 1000;
const TAGS = 10;
const ROUNDS = 5;
/** Of the rounds, those with all kinds of requests. */
const FULL_ROUNDS = 3;

/** @returns lines of Markdown */
export async function measureRedirects(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const data = writeData(REPOSITORIES, TAGS);
  const field = { data: data.path, repositories: REPOSITORIES, tags: TAGS, scratch, port: PORT };
  const requests = requestsOf(REPOSITORIES, TAGS);
  const turns = new Map<Contestant, Turn[]>(contestants.map((each) => [each, []]));
  try {
    for (const measure of MEASURES) writeRequests(join(scratch, `${measure}.requests`), requestsFor(requests, measure));
    for (let round = 0; round < rounds(ROUNDS); round++) {
      const measures = MEASURES.slice(0, round < FULL_ROUNDS ? MEASURES.length : 1);
      for (const [contestant, list] of turns) list.push(await takeTurn(contestant, field, requests, measures));
    }
  } finally {
    data.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
  const { lines, results } = sideBySide(turns);
  keepResults({ redirects: results });
  const without = absent.map(({ name }) => name).join(", ");
  return without === "" ? lines : [...lines, "", `Not on this machine: ${without}.`];
}
