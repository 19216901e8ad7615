/** All files change at once, again and again, while requests go on: what they notice of it. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestRequests, nameOf, tagOf, writeFiles } from "./data.ts";
import { type Load, load, writeRequests } from "./load.ts";
import { cranedCommand, startServer } from "./process.ts";
import { median, seconds } from "./rounds.ts";
import { table, time, whole } from "./table.ts";

const PORT = 7305;
const CONNECTIONS = 4;
const SECONDS = 6;
const WARM_SECONDS = 1;
const POLL_MILLISECONDS = 5;
const ACCEPT = { Accept: "application/vnd.docker.distribution.manifest.v2+json" };

/** Files, and tags and digests in each. */
const SIZES: readonly (readonly [files: number, tags: number])[] = [
  [10_000, 5],
  [10, 5000],
];

async function generationOf(repository: number): Promise<string | undefined> {
  const url = `http://127.0.0.1:${PORT}/v2/${nameOf(repository)}/manifests/${tagOf(0)}`;
  const answer = await fetch(url, { redirect: "manual", headers: ACCEPT });
  await answer.arrayBuffer();
  return /\/(\d+)\/manifests/.exec(answer.headers.get("location") ?? "")?.[1];
}

/** Lets a directory's visible name lead to another generation: one rename changes all files, as a ConfigMap does. */
function swap(directory: string, generation: number): void {
  const next = join(directory, "next");
  symlinkSync(`..${generation}`, next);
  renameSync(next, join(directory, "live"));
}

/** @returns milliseconds until the first and the last repository are the new ones */
async function reloadAll(directory: string, pid: number, generation: number, files: number): Promise<number> {
  swap(directory, generation);
  const began = performance.now();
  process.kill(pid, "SIGHUP");
  for (const repository of [0, files - 1]) {
    while ((await generationOf(repository)) !== String(generation)) await Bun.sleep(POLL_MILLISECONDS);
  }
  return performance.now() - began;
}

interface Finding {
  readonly quiet: Load;
  readonly busy: Load;
  /** Milliseconds of each reload. */
  readonly reloads: readonly number[];
}

async function measureSize(files: number, tags: number): Promise<Finding> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const directory = join(scratch, "data");
  const requests = writeRequests(join(scratch, "requests"), manifestRequests(files, tags, 10_000));
  for (const generation of [0, 1]) {
    mkdirSync(join(directory, `..${generation}`), { recursive: true });
    writeFiles(join(directory, `..${generation}`), files, tags, { generation });
  }
  swap(directory, 0);
  const server = await startServer(cranedCommand(directory, PORT), PORT);
  const options = { connections: CONNECTIONS, seconds: SECONDS };
  try {
    await load(PORT, server, requests, { ...options, seconds: WARM_SECONDS });
    const quiet = await load(PORT, server, requests, options);
    const loading = load(PORT, server, requests, options);
    const reloads: number[] = [];
    const until = performance.now() + seconds(SECONDS) * 1000;
    while (performance.now() < until)
      reloads.push(await reloadAll(directory, server.pid, (reloads.length + 1) % 2, files));
    return { quiet, busy: await loading, reloads };
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns lines of Markdown */
export async function measureReload(): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  for (const [files, tags] of SIZES) {
    const { quiet, busy, reloads } = await measureSize(files, tags);
    const row = (name: string, { perSecond, p50, p99, p999, max }: Load) => [
      name,
      whole(perSecond),
      ...[p50, p99, p999, max].map(time),
    ];
    rows.push([...row(`${whole(files)} files of ${whole(tags * 2)} references, unchanged`, quiet), "–"]);
    rows.push([...row("all changed, again and again", busy), `${whole(median(reloads))} (${reloads.length} times)`]);
  }
  return table(["", "requests/s", "p50 ms", "p99 ms", "p999 ms", "slowest ms", "all seen after ms"], rows);
}
