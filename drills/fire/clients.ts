/** Clients in the hands of a drill, and what a server comes to under them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Craned, scratch, serveDirectory } from "../../tests/harness/craned.ts";
import { v5 } from "../../tests/harness/redirect-files.ts";
import { holdingsOf } from "./process.ts";
import { v2File } from "./redirects.ts";

const TYPES = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/** A request as a client of today sends it. @param rest more header lines, each with its CRLF */
export const requestFor = (target = "/v2/app/manifests/always", rest = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: containerd/2.1\r\nAccept: ${TYPES}\r\n${rest}\r\n`;

/** A server for one drill. */
export interface Target {
  readonly craned: Craned;
  readonly directory: string;
}

interface TargetOptions {
  readonly args?: readonly string[];
  readonly through?: readonly string[];
  /** Of a second repository, `large`. */
  readonly tags?: number;
}

const large = (tags: number): string =>
  JSON.stringify(v5("large", { schema2_data: Array.from({ length: tags }, (_, number) => `tag-${number}`) }));

/** Starts a server, lets the drill have it, and puts it away. */
export async function withServer<Result>(
  { args = [], through = [], tags = 0 }: TargetOptions,
  drill: (target: Target) => Promise<Result>,
): Promise<Result> {
  const data = scratch({ "app.json": v2File("app", 0), ...(tags > 0 && { "large.json": large(tags) }) });
  const craned = await serveDirectory(data.path, { args: ["--log-level", "info", ...args], through });
  try {
    return await drill({ craned, directory: data.path });
  } finally {
    craned.signal("SIGKILL");
    await craned.exited;
    data.remove();
  }
}

/** What an ordinary client saw while something happened. */
export interface Seen {
  readonly asked: number;
  readonly failed: number;
  /** In milliseconds. */
  readonly p99: number;
  readonly longest: number;
}

/** Has an ordinary client ask, from a process of its own, while something happens. */
export async function whileAsking<Result>(
  { port }: Craned,
  happens: () => Promise<Result>,
  kind: "plain" | "tls" = "plain",
): Promise<readonly [Seen, Result]> {
  const command = [process.execPath, join(import.meta.dir, "probe.ts"), String(port), kind];
  const probe = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  try {
    const result = await happens();
    await probe.stdin.end();
    return [JSON.parse(await new Response(probe.stdout).text()), result];
  } finally {
    probe.kill();
    await probe.exited;
  }
}

/** A client that never does more than it is told to. */
export interface Client {
  readonly send: (bytes: string) => number;
  readonly received: () => number;
  /** With a reset. */
  readonly reset: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly isOver: () => boolean;
  /** Resolves when something came, or never will. */
  readonly answered: Promise<void>;
}

export async function openClient(port: number): Promise<Client> {
  let received = 0;
  let isOver = false;
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, bytes) {
        received += bytes.length;
        resolve();
      },
      end: (each) => void each.end(),
      close() {
        isOver = true;
        resolve();
      },
      error: () => undefined,
    },
  });
  return {
    send: (bytes) => socket.write(bytes),
    received: () => received,
    reset: () => socket.terminate(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    isOver: () => isOver,
    answered,
  };
}

/** Opens many, some at a time. */
export async function openClients(port: number, count: number, greet?: (client: Client) => void): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const some = Math.min(100, count - clients.length);
    const opened = await Promise.all(Array.from({ length: some }, () => openClient(port)));
    for (const each of opened) greet?.(each);
    clients.push(...opened);
  }
  return clients;
}

export function resetAll(clients: readonly Client[]): void {
  for (const each of clients) each.reset();
}

/** Processor time that a process has had, in milliseconds. */
export function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The share of one processor that a process takes over some seconds, in percent. */
export async function busyOver(pid: number, seconds: number): Promise<number> {
  const before = processorTime(pid);
  await Bun.sleep(seconds * 1000);
  return (processorTime(pid) - before) / (seconds * 10);
}

/** Waits until as many descriptors are open as were before. @returns whether that came */
export async function untilDescriptors(pid: number, most: number, seconds: number): Promise<boolean> {
  for (let tries = 0; tries < seconds * 20; tries++) {
    if (holdingsOf(pid).descriptors <= most) return true;
    await Bun.sleep(50);
  }
  return false;
}

/** Tells the highest that memory has stood at until it is asked, in bytes. */
export function watchMemory(pid: number): () => number {
  let highest = 0;
  const look = () => {
    highest = Math.max(highest, holdingsOf(pid).memory);
  };
  const looking = setInterval(look, 50);
  return () => {
    look();
    clearInterval(looking);
    return highest;
  };
}

export const inMs = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;

export const othersSaw = ({ asked, failed, p99, longest }: Seen): string =>
  `another client meanwhile: ${asked} answers, ${failed} failed, p99 ${inMs(p99)}, longest ${inMs(longest)}`;
