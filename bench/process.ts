/** Servers on a core of their own, started and ended by their ids. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";

export const SERVER_CORE = "0";
export const LOAD_CORE = "1";

const REQUEST = "GET /v2/ HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n\r\n";
const RETRY_MILLISECONDS = 1;
const PATIENCE_MILLISECONDS = 120_000;
/** What the kernel counts processor time in: USER_HZ, which is 100 on every Linux there is. */
const TICKS_PER_SECOND = 100;

/** A server that answers. */
export interface Server {
  readonly pid: number;
  /** Milliseconds from exec to the first answer. */
  readonly start: number;
  readonly stop: () => Promise<void>;
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

/**
 * Starts a server and waits until it answers.
 *
 * @param core undefined for any
 */
export async function startServer(
  command: readonly string[],
  port: number,
  core: string | undefined = SERVER_CORE,
): Promise<Server> {
  if (await answers(port)) throw new Error(`something else answers on port ${port}`);
  const pinned = core === undefined ? command : ["taskset", "-c", core, ...command];
  const from = performance.now();
  const child = Bun.spawn([...pinned], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended with ${child.exitCode}`);
    if (performance.now() - from > PATIENCE_MILLISECONDS) throw new Error(`nothing answers on port ${port}`);
    await Bun.sleep(RETRY_MILLISECONDS);
  }
  return {
    pid: child.pid,
    start: performance.now() - from,
    stop: async () => {
      signalAll(child.pid, "SIGCONT");
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Sends a signal to a process and those that it started. */
export function signalAll(pid: number, signal: "SIGSTOP" | "SIGCONT"): void {
  for (const each of familyOf(pid)) process.kill(each, signal);
}

/** A process and those that it started. */
function familyOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? [];
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

function residentBytesOf(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** Resident memory of a process and those that it started, in bytes; pages that they share count for each. */
export const residentBytes = (pid: number): number =>
  familyOf(pid).reduce((sum, each) => sum + residentBytesOf(each), 0);

function processorSecondsOf(pid: number): number {
  const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = after.split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
}

/** Processor time that a process and those that it started have used, in seconds. */
export const processorSeconds = (pid: number): number =>
  familyOf(pid).reduce((sum, each) => sum + processorSecondsOf(each), 0);

/** A port that nothing listens on now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** The command of a craned that serves a directory. */
export const cranedCommand = (directory: string, port: number, ...more: readonly string[]): readonly string[] => [
  "dist/craned",
  "serve",
  "--config",
  "/dev/null",
  "--data-dir",
  directory,
  "--host",
  "127.0.0.1",
  "--port",
  String(port),
  "--management-listen",
  "off",
  ...more,
];
