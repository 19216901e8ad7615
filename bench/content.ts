/** Serving content from disk: bytes a second out of a large file, and small files a second, against nginx. */
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, writeRequests } from "./load.ts";
import { cranedCommand, LOAD_CORE, processorSeconds, residentBytes, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";

const PORT = 7303;
const ROUNDS = 3;
const DOWNLOADS = 4;
const LARGE = 256 * 2 ** 20;
const SMALL = 4096;

const NGINX = (directory: string) => `
user root; worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; sendfile on; default_type application/octet-stream;
  server { listen 127.0.0.1:${PORT}; location /v2/app/ { alias ${directory}/content/app/; } }
}`;

const FILE = { version: 2, repository: "app", "repo-registry-id": "app", url: "http://cdn.test/" };

function writeBlob(directory: string, size: number): string {
  const bytes = randomFillSync(Buffer.alloc(size));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  writeFileSync(join(directory, digest), bytes);
  return digest;
}

/** @returns MB/s */
async function download(url: string): Promise<number> {
  const output = ["-s", "-o", "/dev/null", "-w", "%{speed_download}\\n"];
  const speeds = await Bun.$`taskset -c ${LOAD_CORE} curl ${output} ${url}`.text();
  return Number(speeds) / 1e6;
}

/** @returns lines of a Markdown table */
export async function measureContent(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const blobs = join(scratch, "content/app/blobs");
  mkdirSync(blobs, { recursive: true });
  mkdirSync(join(scratch, "data"));
  writeFileSync(join(scratch, "data/app.json"), JSON.stringify(FILE));
  writeFileSync(join(scratch, "nginx.conf"), NGINX(scratch));
  const [large, small] = [writeBlob(blobs, LARGE), writeBlob(blobs, SMALL)];
  const serve = ["--serve-content-enable", "--serve-content-content-dir-v2", join(scratch, "content")];
  const v1 = ["--serve-content-content-dir-v1", scratch];
  const contestants: readonly (readonly [name: string, command: readonly string[]])[] = [
    ["craned", cranedCommand(join(scratch, "data"), PORT, ...serve, ...v1)],
    ["nginx, sendfile", ["nginx", "-c", join(scratch, "nginx.conf")]],
  ];
  const speeds = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
  const rates = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
  const costs = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
  const largeCosts = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
  const memory = new Map<string, number>();
  const path = (digest: string) => `/v2/app/blobs/${digest}`;
  const url = (digest: string) => `http://127.0.0.1:${PORT}${path(digest)}`;
  const requests = writeRequests(join(scratch, "requests"), [{ path: path(small), accept: "*/*" }]);
  for (let round = 0; round < rounds(ROUNDS); round++) {
    for (const [name, command] of contestants) {
      const server = await startServer(command, PORT);
      const used = processorSeconds(server.pid);
      for (let each = 0; each < DOWNLOADS; each++) speeds.get(name)?.push(await download(url(large)));
      largeCosts.get(name)?.push(((processorSeconds(server.pid) - used) * 1e3) / DOWNLOADS);
      memory.set(name, residentBytes(server.pid));
      const { perSecond, cost } = await load(PORT, server, requests);
      rates.get(name)?.push(perSecond);
      costs.get(name)?.push(cost);
      await server.stop();
    }
  }
  rmSync(scratch, { recursive: true });
  const ours = { speed: median(speeds.get("craned") ?? []), rate: median(rates.get("craned") ?? []) };
  return [
    "| server | 256 MiB blob, MB/s | craned ÷ it | CPU ms a blob | 4 KiB blobs/s | craned ÷ it | CPU µs a blob | RSS MB after the large ones |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
    ...contestants.map(([name]) => {
      const [speed, rate] = [median(speeds.get(name) ?? []), median(rates.get(name) ?? [])];
      const [largeCost, cost] = [median(largeCosts.get(name) ?? []), median(costs.get(name) ?? [])];
      const cells = [
        name,
        speed.toFixed(0),
        (ours.speed / speed).toFixed(2),
        largeCost.toFixed(0),
        rate.toFixed(0),
        (ours.rate / rate).toFixed(2),
        cost.toFixed(1),
        ((memory.get(name) ?? 0) / 1e6).toFixed(0),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}
