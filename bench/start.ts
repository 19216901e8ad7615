/** From exec to the first answer, and what an idle server holds in memory. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeData } from "./data.ts";
import { median, residentBytes } from "./process.ts";

const ROUNDS = 15;
const RETRY_MILLISECONDS = 1;
const IDLE_MILLISECONDS = 500;
const REQUEST = "GET /v2/ HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n\r\n";

/** A registry that can be started on any port. */
interface Candidate {
  readonly name: string;
  readonly command: (port: number) => readonly string[];
}

interface Start {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** One connection, one request. @returns whether there was an answer */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(REQUEST));
    socket.on("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Of a process and those that it started, in bytes. */
function residentBytesOfAll(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? [];
  return children.reduce((sum, child) => sum + residentBytesOfAll(Number(child)), residentBytes(pid));
}

async function startOnce({ name, command }: Candidate): Promise<Start> {
  const port = freePort();
  const from = performance.now();
  const child = Bun.spawn([...command(port)], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    await Bun.sleep(RETRY_MILLISECONDS);
  }
  const milliseconds = performance.now() - from;
  await Bun.sleep(IDLE_MILLISECONDS);
  const bytes = residentBytesOfAll(child.pid);
  child.kill("SIGTERM");
  await child.exited;
  return { milliseconds, bytes };
}

/** Distribution's registry keeps its images in a directory, and is told so in YAML. */
function distribution(work: string): Candidate {
  const configFor = (port: number): string => {
    const file = join(work, `${port}.yml`);
    const storage = `storage:\n  filesystem:\n    rootdirectory: ${join(work, "registry")}\n`;
    writeFileSync(file, `version: 0.1\n${storage}http:\n  addr: 127.0.0.1:${port}\n`);
    return file;
  };
  return { name: "distribution's registry", command: (port) => ["docker-registry", "serve", configFor(port)] };
}

/** The least that Crane can be: a route of Flask in a worker of gunicorn, without redirect files or anything else. */
function flask(work: string): Candidate {
  const answer = '@app.route("/v2/")\ndef v2():\n    return {}\n';
  writeFileSync(join(work, "app.py"), `from flask import Flask\napp = Flask(__name__)\n${answer}`);
  const gunicorn = (port: number) => ["gunicorn", "--chdir", work, "--bind", `127.0.0.1:${port}`, "app:app"];
  return { name: "one route of Flask on gunicorn", command: gunicorn };
}

/** The candidates take turns, so that a busy machine is busy for all. Those that are not installed are left out. */
export async function measureStart(): Promise<readonly string[]> {
  const work = mkdtempSync(join(tmpdir(), "craned-bench-"));
  const [empty, thousand] = [writeData(0, 0), writeData(1000, 10)];
  const craned = (path: string) => (port: number) => [
    "dist/craned",
    "serve",
    "--config",
    "/dev/null",
    "--data-dir",
    path,
    "--host",
    "127.0.0.1",
    "--port",
    `${port}`,
  ];
  const candidates = [
    { name: "craned", command: craned(empty.path) },
    { name: "craned, 1,000 repositories", command: craned(thousand.path) },
    distribution(work),
    flask(work),
  ].filter(({ command }) => Bun.which(command(0)[0] ?? "") !== null);
  try {
    const starts = new Map(candidates.map((candidate) => [candidate, [] as Start[]]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [candidate, list] of starts) list.push(await startOnce(candidate));
    }
    const rows = [...starts].map(([{ name }, list]) => {
      const times = list.map(({ milliseconds }) => milliseconds);
      const memory = median(list.map(({ bytes }) => bytes)) / 1e6;
      return `| ${name} | ${median(times).toFixed(0)} ms | ${Math.min(...times).toFixed(0)} ms | ${memory.toFixed(0)} MB |`;
    });
    return ["| | first answer, median | least | idle memory |", "|---|---:|---:|---:|", ...rows];
  } finally {
    for (const { remove } of [empty, thousand]) remove();
    rmSync(work, { recursive: true, force: true });
  }
}
