/** From exec to the first answer, and what an idle server holds in memory. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeData } from "./data.ts";
import { cranedCommand, freePort, residentBytes, startServer } from "./process.ts";
import { median, rounds } from "./rounds.ts";

const ROUNDS = 15;
const IDLE_MILLISECONDS = 500;

/** A registry that can be started on any port. */
interface Candidate {
  readonly name: string;
  readonly command: (port: number) => readonly string[];
}

interface Start {
  readonly milliseconds: number;
  readonly bytes: number;
}

async function startOnce({ command }: Candidate): Promise<Start> {
  const port = freePort();
  const server = await startServer(command(port), port, undefined);
  await Bun.sleep(IDLE_MILLISECONDS);
  const bytes = residentBytes(server.pid);
  await server.stop();
  return { milliseconds: server.start, bytes };
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
  const craned = (path: string) => (port: number) => cranedCommand(path, port);
  const candidates = [
    { name: "craned", command: craned(empty.path) },
    { name: "craned, 1,000 repositories", command: craned(thousand.path) },
    distribution(work),
    flask(work),
  ].filter(({ command }) => Bun.which(command(0)[0] ?? "") !== null);
  try {
    const starts = new Map(candidates.map((candidate) => [candidate, [] as Start[]]));
    for (let round = 0; round < rounds(ROUNDS); round++) {
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
