/** wrk on the load's core: requests out of a file, what it measured as numbers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { LOAD_CORE, processorSeconds, type Server } from "./process.ts";
import { seconds as inShort } from "./rounds.ts";

const SCRIPT = join(import.meta.dir, "requests.lua");

/** A request of the load. */
export interface LoadRequest {
  readonly path: string;
  readonly accept: string;
  /** Where it leads, if that is known. */
  readonly location?: string;
}

const Summary = v.object({
  seconds: v.number(),
  requests: v.number(),
  refused: v.number(),
  broken: v.number(),
  cut: v.number(),
  p50: v.number(),
  p90: v.number(),
  p99: v.number(),
  p999: v.number(),
  max: v.number(),
});

/** What was measured; times in milliseconds, of an answer from the request's first byte, without the connection. */
export interface Load {
  readonly perSecond: number;
  readonly requests: number;
  /** Answers of status 400 and above. */
  readonly refused: number;
  /** Connections that failed, and answers that never came. */
  readonly broken: number;
  /** Connections that ended without a word before. */
  readonly cut: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Microseconds of processor time that the server used for a request. */
  readonly cost: number;
  /** How much of its core the server used, and wrk of its own; 1 is all of it. */
  readonly serverBusy: number;
  readonly loadBusy: number;
}

/** Writes the file that wrk reads its requests from. @returns its path */
export function writeRequests(path: string, requests: readonly LoadRequest[]): string {
  writeFileSync(path, requests.map((each) => `${each.path}\t${each.accept}\n`).join(""));
  return path;
}

/**
 * Loads a server from the other core.
 *
 * @param requests a file that writeRequests wrote
 * @param isClosing asks for the end of the connection with every request, so that each has one of its own
 */
export async function load(
  port: number,
  server: Pick<Server, "pid">,
  requests: string,
  { seconds = 3, connections = 32, isClosing = false } = {},
): Promise<Load> {
  const duration = `-d${inShort(seconds)}s`;
  const url = `http://127.0.0.1:${port}`;
  const command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", `-c${connections}`, duration, "-s", SCRIPT, url];
  const closing = isClosing ? { BENCH_CONNECTION: "close" } : {};
  const used = processorSeconds(server.pid);
  const began = performance.now();
  const wrk = Bun.spawn(command, { env: { ...process.env, BENCH_REQUESTS: requests, ...closing }, stderr: "inherit" });
  const output = await new Response(wrk.stdout).text();
  await wrk.exited;
  const wall = (performance.now() - began) / 1000;
  const summary = v.parse(Summary, JSON.parse(output.slice(output.lastIndexOf("\n{"))));
  const spent = processorSeconds(server.pid) - used;
  const milliseconds = (microseconds: number): number => microseconds / 1000;
  return {
    perSecond: summary.requests / summary.seconds,
    requests: summary.requests,
    refused: summary.refused,
    broken: summary.broken,
    cut: summary.cut,
    p50: milliseconds(summary.p50),
    p90: milliseconds(summary.p90),
    p99: milliseconds(summary.p99),
    p999: milliseconds(summary.p999),
    max: milliseconds(summary.max),
    cost: (spent * 1e6) / summary.requests,
    serverBusy: spent / summary.seconds,
    loadBusy: Number(wrk.resourceUsage()?.cpuTime.total ?? Number.NaN) / 1e6 / wall,
  };
}
