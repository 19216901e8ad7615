/** Manifest redirects a second: craned against nginx and a bare Bun.serve, which both answer one fixed 302. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeData } from "./data.ts";
import { type Load, load, median, residentBytes, startServer } from "./process.ts";

const PORT = 7301;
const ROUNDS = 5;
const REPOSITORIES = 1000;
const TAGS = 10;
const LOCATION = "http://static.example.com/pulp/docker/v2/r1/0/manifests/2/v1.1";

const NGINX = (directory: string) => `
worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:${PORT}; location / { return 302 ${LOCATION}; } }
}`;

const BARE = `Bun.serve({ hostname: "127.0.0.1", port: ${PORT}, fetch: () => new Response(null, { status: 302,
  headers: { Location: "${LOCATION}", "Docker-Distribution-API-Version": "registry/2.0" } }) });`;

/** @returns lines of a Markdown table */
export async function measureRedirects(): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const data = writeData(REPOSITORIES, TAGS);
  const write = (name: string, text: string): string => {
    writeFileSync(join(scratch, name), text);
    return join(scratch, name);
  };
  const craned = ["dist/craned", "serve", "-c", "/dev/null", "--data-dir", data.path, "--host", "127.0.0.1"];
  const contestants: readonly (readonly [name: string, command: readonly string[]])[] = [
    ["craned", [...craned, "--port", String(PORT)]],
    ["nginx, static 302", ["nginx", "-c", write("nginx.conf", NGINX(scratch))]],
    ["bare Bun.serve, fixed 302", [process.execPath, write("bare.ts", BARE)]],
  ];
  process.env["BENCH_REPOSITORIES"] = String(REPOSITORIES);
  process.env["BENCH_TAGS"] = String(TAGS);
  const script = ["-s", join(import.meta.dir, "requests.lua")];
  const loads = new Map<string, Load[]>(contestants.map(([name]) => [name, []]));
  const memory = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, command] of contestants) {
      const server = await startServer(command, PORT);
      await load(`http://127.0.0.1:${PORT}`, { seconds: 1, script });
      loads.get(name)?.push(await load(`http://127.0.0.1:${PORT}`, { script }));
      memory.set(name, residentBytes(server.pid));
      await server.stop();
    }
  }
  data.remove();
  rmSync(scratch, { recursive: true, force: true });
  const of = (name: string, pick: (load: Load) => number) => median((loads.get(name) ?? []).map(pick));
  const ours = of("craned", (each) => each.perSecond);
  return [
    "| server | requests/s | craned ÷ it | p50 ms | p99 ms | RSS MB | not 302 |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...contestants.map(([name]) => {
      const perSecond = of(name, (each) => each.perSecond);
      const [p50, p99] = [of(name, (each) => each.p50), of(name, (each) => each.p99)];
      const unexpected = (loads.get(name) ?? []).reduce((sum, each) => sum + each.unexpected, 0);
      const rss = ((memory.get(name) ?? 0) / 1e6).toFixed(0);
      return `| ${name} | ${perSecond.toFixed(0)} | ${(ours / perSecond).toFixed(2)} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${rss} | ${unexpected} |`;
    }),
  ];
}
