/** Runs the program as its users do: the binary, with files on disk, asked over the network. */
import { afterAll, beforeAll } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ran, run } from "./programs.ts";

const ROOT = join(import.meta.dir, "../..");

/** The compiled binary that `bun run build` made, or what CRANED names: `source` means this tree, uncompiled. */
export const COMMAND: readonly string[] =
  process.env["CRANED"] === "source" ? [process.execPath, join(ROOT, "server.ts")] : [join(ROOT, "dist/craned")];

/** An environment of which only what is given can come from the machine. */
const bare = (environment: Readonly<Record<string, string>>): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  CRANE_CONFIG_PATH: "/dev/null",
  // Tests run side by side.
  CRANE_MANAGEMENT_LISTEN: "127.0.0.1:0",
  ...environment,
});

/** Runs a command of the program to its end. */
export const runCraned = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  run([...COMMAND, ...args], bare(environment));

/** A server under test. */
export interface Craned {
  readonly port: number;
  /** Port of metrics, readiness and the repository pages; NaN where there is none. */
  readonly managementPort: number;
  readonly origin: string;
  readonly pid: number;
  /** Everything logged so far, a line each. */
  readonly log: () => readonly string[];
  /** Resolves with the first line, past or to come, that the test accepts. */
  readonly logged: (accepts: (line: string) => boolean) => Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<number>;
  readonly stop: () => Promise<number>;
}

/** Starts a command that listens, and waits until it does. @param through a program and its arguments that run it */
export async function startCraned(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Promise<Craned> {
  const env = bare({ CRANE_LOG_FORMAT: "json", ...environment });
  const child = Bun.spawn([...through, ...COMMAND, ...args], { stdout: "pipe", stderr: "pipe", env });
  const lines: string[] = [];
  let waiting: (() => void)[] = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const each of woken) each();
  };
  let hasEnded = false;
  const gather = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      wake();
    }
  };
  void Promise.all([gather(child.stdout), gather(child.stderr)]).then(() => {
    hasEnded = true;
    wake();
  });
  const logged = async (accepts: (line: string) => boolean): Promise<string> => {
    for (;;) {
      const found = lines.find(accepts);
      if (found !== undefined) return found;
      if (hasEnded) throw new Error(`craned ended before it logged that:\n${lines.join("\n")}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const listening = await logged((line) => /listening on|registry is at/.test(line));
  const portIn = (line = "") => Number(/https?:\/\/[^/"]*:(\d+)/.exec(line)?.[1]);
  const port = portIn(listening);
  return {
    port,
    managementPort: portIn(lines.find((line) => line.includes("management on"))),
    origin: `http://127.0.0.1:${port}`,
    pid: child.pid,
    log: () => lines,
    logged,
    signal: (signal) => child.kill(signal),
    exited: child.exited,
    stop: async () => {
      child.kill("SIGTERM");
      return await child.exited;
    },
  };
}

/** A directory of its own for a test; call `remove` when it is done. */
export interface Scratch {
  readonly path: string;
  readonly write: (name: string, content: unknown) => string;
  /** A path below it that nothing has yet. */
  readonly fresh: (name: string) => string;
  readonly remove: () => void;
}

/** @param files JSON values or texts, by name */
export function scratch(files: Readonly<Record<string, unknown>> = {}): Scratch {
  const path = mkdtempSync(join(tmpdir(), "craned-test-"));
  const write = (name: string, content: unknown): string => {
    const full = join(path, name);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, typeof content === "string" ? content : JSON.stringify(content));
    return full;
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  let count = 0;
  const fresh = (name: string): string => join(path, `${name}-${count++}`);
  return { path, write, fresh, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Serves a directory on a free port of the loopback. */
export function serveDirectory(
  dataDir: string,
  {
    args = [] as readonly string[],
    environment = {} as Readonly<Record<string, string>>,
    through = [] as readonly string[],
  } = {},
): Promise<Craned> {
  const all = ["serve", "--data-dir", dataDir, "--host", "127.0.0.1", "--port", "0", ...args];
  return startCraned(all, environment, through);
}

/** Serves files for all tests of a file: started before the first of them, put away after the last. */
export function servedForAll(files: Readonly<Record<string, unknown>>): {
  readonly port: () => number;
  readonly craned: () => Craned;
} {
  const data = scratch(files);
  let craned: Craned | undefined;
  beforeAll(async () => {
    craned = await serveDirectory(data.path);
  });
  afterAll(async () => {
    await craned?.stop();
    data.remove();
  });
  const running = (): Craned => {
    if (craned === undefined) throw new Error("asked before the tests began");
    return craned;
  };
  return { port: () => running().port, craned: running };
}
