/** Servers and load generators, pinned to cores, started and ended by their ids. */
import { readFileSync } from "node:fs";

export const SERVER_CORE = "0";
export const LOAD_CORE = "1";

/** A server under load. */
export interface Server {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" }).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await Bun.sleep(20);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Starts a server on its core and waits until it answers. */
export async function startServer(command: readonly string[], port: number): Promise<Server> {
  const child = Bun.spawn(["taskset", "-c", SERVER_CORE, ...command], { stdout: "ignore", stderr: "ignore" });
  await untilListening(port);
  return {
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** What wrk measured. */
export interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly unexpected: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

function latency(output: string, percentile: string): number {
  const [, value, unit = ""] = new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * (MILLISECONDS[unit] ?? Number.NaN);
}

/** Loads a server from the other core. */
export async function load(
  url: string,
  { seconds = 5, connections = 32, script = [] as readonly string[] } = {},
): Promise<Load> {
  const command = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", ...script, url];
  const output = await Bun.$`taskset -c ${LOAD_CORE} ${command}`.text();
  const unexpected = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? "0";
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  return { perSecond, p50: latency(output, "50"), p99: latency(output, "99"), unexpected: Number(unexpected) };
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
