/** Start-up, memory and the reload of one changed file, by the number of files. */
import { renameSync, writeFileSync } from "node:fs";
import { fileOf, nameOf, pathOf, writeData } from "./data.ts";
import { load, median, residentBytes, startServer } from "./process.ts";

const PORT = 7302;
const CHANGES = 21;
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

/** @returns lines of a Markdown table */
export async function measureScale(): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const [files, tags] of SIZES) {
    const data = writeData(files, tags);
    const flags = ["-c", "/dev/null", "--data-dir", data.path, "--host", "127.0.0.1", "--port", String(PORT)];
    const began = performance.now();
    const server = await startServer(["dist/craned", "serve", ...flags], PORT);
    const start = performance.now() - began;
    const rss = residentBytes(server.pid) / 1e6;
    const times: number[] = [];
    for (let each = 1; each <= CHANGES; each++)
      times.push(await changeOne(data.path, (each * 7919) % files, tags, each));
    const script = ["-s", `${import.meta.dir}/requests.lua`];
    process.env["BENCH_REPOSITORIES"] = String(files);
    process.env["BENCH_TAGS"] = String(tags);
    const url = `http://127.0.0.1:${PORT}`;
    const quiet = await load(url, { seconds: 4, connections: 4, script });
    const loaded = load(url, { seconds: 4, connections: 4, script });
    let changes = 0;
    for (const until = performance.now() + 3800; performance.now() < until; changes++) {
      await changeOne(data.path, (changes * 104_729) % files, tags, changes + 1000);
    }
    const busy = await loaded;
    await server.stop();
    data.remove();
    rows.push(
      `| ${files} | ${files * tags * 2} | ${start.toFixed(0)} | ${rss.toFixed(0)} | ${median(times).toFixed(0)} | ${Math.max(...times).toFixed(0)} ` +
        `| ${quiet.p99.toFixed(2)} | ${busy.p99.toFixed(2)} (${changes} changes) |`,
    );
  }
  return [
    "| files | references | first answer ms | RSS MB | change seen, median ms | slowest ms | p99 ms | p99 ms while files change |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows,
  ];
}
