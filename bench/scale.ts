/** Start-up, memory and the reload of one changed file, by the number of files. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileOf, manifestRequests, nameOf, pathOf, writeData } from "./data.ts";
import { load, writeRequests } from "./load.ts";
import { cranedCommand, residentBytes, startServer } from "./process.ts";
import { median, seconds } from "./rounds.ts";
import { megabytes, table, time, whole } from "./table.ts";

const PORT = 7302;
const CHANGES = 21;
const CONNECTIONS = 4;
const SECONDS = 4;
const REQUESTS = 10_000;
const ACCEPT = { Accept: "application/vnd.docker.distribution.manifest.v2+json" };

async function locationOf(repository: number): Promise<string | null> {
  const url = `http://127.0.0.1:${PORT}/v2/${nameOf(repository)}/manifests/v1.0`;
  const answer = await fetch(url, { redirect: "manual", headers: ACCEPT });
  await answer.text();
  return answer.headers.get("location");
}

/** Milliseconds from the rename of a changed file to the first answer that has it. */
async function changeOne(
  directory: string,
  repository: number,
  references: number,
  generation: number,
): Promise<number> {
  const path = pathOf(directory, repository);
  writeFileSync(`${path}.tmp`, JSON.stringify(fileOf(repository, references, generation)));
  const began = performance.now();
  renameSync(`${path}.tmp`, path);
  for (;;) if ((await locationOf(repository))?.includes(`/${generation}/`)) return performance.now() - began;
}

/** Files, and tags in each. */
const SIZES: readonly (readonly [files: number, tags: number])[] = [
  [10, 10],
  [1000, 10],
  [100_000, 5],
];

const COLUMNS = [
  "files",
  "references",
  "first answer ms",
  "RSS MB",
  "change seen, median ms",
  "slowest ms",
  "p99 ms",
  "p99 ms while files change",
];

/** @returns lines of a Markdown table */
export async function measureScale(): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  for (const [files, tags] of SIZES) {
    const data = writeData(files, tags);
    const requests = writeRequests(join(data.path, "requests"), manifestRequests(files, tags, REQUESTS));
    const server = await startServer(cranedCommand(data.path, PORT), PORT);
    const rss = residentBytes(server.pid);
    const times: number[] = [];
    for (let each = 1; each <= CHANGES; each++)
      times.push(await changeOne(data.path, (each * 7919) % files, tags, each));
    const quiet = await load(PORT, server, requests, { seconds: SECONDS, connections: CONNECTIONS });
    const loaded = load(PORT, server, requests, { seconds: SECONDS, connections: CONNECTIONS });
    let changes = 0;
    for (const until = performance.now() + seconds(SECONDS) * 950; performance.now() < until; changes++) {
      await changeOne(data.path, (changes * 104_729) % files, tags, changes + 1000);
    }
    const busy = await loaded;
    await server.stop();
    data.remove();
    rows.push([
      whole(files),
      whole(files * tags * 2),
      whole(server.start),
      megabytes(rss),
      whole(median(times)),
      whole(Math.max(...times)),
      time(quiet.p99),
      `${time(busy.p99)} (${changes} changes)`,
    ]);
  }
  return table(COLUMNS, rows);
}
