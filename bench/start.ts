/** From exec to the first answer, and what an idle server holds in memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archeio, type Contestant, contestants, crane, craned, distribution, type Field, zot } from "./contestants.ts";
import { freePort, processorSeconds, residentBytes, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";
import { table, whole } from "./table.ts";

const ROUNDS = 15;
const IDLE_MILLISECONDS = 500;
const REPOSITORIES = 1000;
const TAGS = 10;

/** A contestant with some repositories to serve. */
interface Candidate {
  readonly contestant: Contestant;
  readonly repositories: number;
}

interface Start {
  readonly milliseconds: number;
  readonly processor: number;
  readonly bytes: number;
}

/**
 * Drops a program from the page cache, as after a boot. The kernel maps cached pages around those that a program reads, so
 * that a file that was just written takes more memory.
 */
function dropCached(program: string): void {
  const path = Bun.which(program);
  if (path !== null) Bun.spawnSync(["dd", `if=${path}`, "iflag=nocache", "count=0", "status=none"]);
}

async function startOnce({ contestant }: Candidate, field: Field): Promise<Start> {
  const server = await startServer(contestant.prepare(field), field.port, undefined);
  const processor = processorSeconds(server.pid) * 1000;
  await Bun.sleep(IDLE_MILLISECONDS);
  const bytes = residentBytes(server.pid);
  await server.stop();
  return { milliseconds: server.start, processor, bytes };
}

/** The candidates take turns, so that a busy machine is busy for all. @returns lines of Markdown */
export async function measureStart(): Promise<readonly string[]> {
  const candidates = [
    { contestant: craned, repositories: 0 },
    ...[craned, archeio, zot, distribution, crane].map((contestant) => ({ contestant, repositories: REPOSITORIES })),
  ].filter(({ contestant }) => contestants.includes(contestant));
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  try {
    const starts = new Map(candidates.map((candidate) => [candidate, [] as Start[]]));
    for (const { contestant } of candidates) dropCached(contestant.program);
    for (let round = 0; round < rounds(ROUNDS); round++) {
      for (const [candidate, list] of starts) {
        const { repositories } = candidate;
        const field = {
          repositories,
          tags: TAGS,
          scratch: join(scratch, String(repositories)),
          blobHost: "http://localhost",
        };
        list.push(await startOnce(candidate, { ...field, port: freePort() }));
      }
    }
    const rows = [...starts].map(([{ contestant, repositories }, list]) => {
      const times = list.map(({ milliseconds }) => milliseconds);
      return [
        `${contestant.name}, ${whole(repositories)} repositories`,
        whole(median(times)),
        whole(Math.min(...times)),
        whole(Math.min(...list.map(({ processor }) => processor))),
        whole(median(list.map(({ bytes }) => bytes)) / 1e6),
      ];
    });
    return table(["", "first answer ms", "least", "processor ms, least", "idle memory MB"], rows);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
