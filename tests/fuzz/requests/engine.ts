/** Requests without end to registries of each kind, and what is wrong with the answers. */

import { comesTrue, descriptorsOf, residentOf } from "../../harness/process.ts";
import { type Random, randomOf } from "../random.ts";
import { converse } from "./conversation.ts";
import { madeRequest, textOf } from "./grammar.ts";
import { mutated, rawBytes } from "./mutations.ts";
import { CONTROL } from "./served-files.ts";
import { SITES, type Site } from "./sites.ts";
import { tryBytes } from "./trial.ts";

const AT_ONCE = 24;
/** After so many connections a plain client asks for something that is there. */
const CONTROL_EVERY = 500;
const MAX_FINDINGS = 20;
/** What a process may take more at the end than after the first fifth. Bytes. */
const MAX_GROWTH = 64 * 1024 * 1024;
/** A client may let its side of a connection linger for 2 seconds, which are counted by the second. */
const SETTLING_MS = 10_000;

/** Something that is wrong, and what shows it. */
export interface Finding {
  readonly what: string;
  /** One character a byte; empty where no one input is to blame. */
  readonly input: string;
}

/** What one kind of input came to. */
export interface Outcome {
  readonly name: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Resident memory after the first fifth and at the end, in bytes, where a process was asked. */
  readonly memory?: readonly [warm: number, end: number];
  readonly findings: readonly Finding[];
}

/** What is sent on one connection. */
interface Sent {
  readonly bytes: string;
  /** How many requests it was made of. */
  readonly count: number;
}

/** Ends what the bytes left open, unless they say that a body goes on. */
const TERMINATOR = "\r\n\r\nbroken\r\n\r\n";

function sendingOf(random: Random, { credentials, pipelines }: Site): Sent {
  const one = (isLast: boolean) => textOf(madeRequest(random, credentials), isLast);
  const kind = random.next(10);
  if (kind === 9) return { bytes: rawBytes(random) + TERMINATOR, count: 1 };
  const count = pipelines ? 1 + random.next(random.once(4) ? 12 : 4) : 1;
  const batch = Array.from({ length: count }, (_, number) => one(number === count - 1)).join("");
  if (kind < 5) return { bytes: batch, count };
  return { bytes: mutated(batch, random, () => one(false)) + (pipelines ? TERMINATOR : ""), count };
}

/** Mostly in one piece; else in some, or byte by byte. */
function piecesOf(bytes: string, random: Random): readonly string[] {
  if (!random.once(10) || bytes.length > 4000) return [bytes];
  if (random.once(4)) return [...bytes];
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.next(200);
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

async function control(site: Site): Promise<string | undefined> {
  const lines = ["Host: h", "Accept: */*", ...(site.right === undefined ? [] : [site.right]), "Connection: close"];
  const heard = await converse({
    port: site.craned.port,
    isTls: site.isTls,
    pieces: [`GET ${CONTROL.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`],
  });
  const isRight = /^HTTP\/1\.1 302 /.test(heard.text)
    ? heard.text.includes(`\r\nLocation: ${CONTROL.location}\r\n`)
    : heard.text.includes('"control":true');
  return isRight ? undefined : `a plain client is answered ${JSON.stringify(heard.text.slice(0, 300))}`;
}

const isLogLine = (line: string): boolean => {
  try {
    return typeof JSON.parse(line).message === "string";
  } catch {
    return false;
  }
};

/** What the log tells that no request may bring about. */
function* faultsInLog(lines: readonly string[]): Generator<Finding> {
  for (const line of lines) {
    if (!isLogLine(line)) yield { what: `a line in the log that is none: ${line}`, input: "" };
    else if (line.includes('"level":"error"')) yield { what: `an error in the log: ${line}`, input: "" };
  }
}

/** @param count of requests */
async function runAgainst(site: Site, count: number, seed: number): Promise<Omit<Outcome, "name">> {
  const { pid } = site.craned;
  const findings: Finding[] = [];
  let made = 0;
  let connections = 0;
  let warm = 0;
  const note = (what: string | undefined, input: string) => {
    if (what !== undefined) findings.push({ what, input });
  };
  note(await control(site), "");
  const descriptors = descriptorsOf(pid);
  const from = performance.now();
  const lane = async () => {
    while (made < count && findings.length < MAX_FINDINGS) {
      const random = randomOf(seed, connections++);
      const sent = sendingOf(random, site);
      made += sent.count;
      if (warm === 0 && made * 5 > count) warm = residentOf(pid);
      const wrong = await tryBytes(site, sent.bytes, piecesOf(sent.bytes, random)).catch(String);
      note(wrong, sent.bytes);
      if (connections % CONTROL_EVERY === 0) note(await control(site).catch(String), "");
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const seconds = (performance.now() - from) / 1000;
  note(await control(site).catch(String), "");
  const end = residentOf(pid);
  if (end - warm > MAX_GROWTH) note(`memory grew by ${end - warm} bytes`, "");
  const settles = await comesTrue(() => descriptorsOf(pid) <= descriptors + 2, SETTLING_MS);
  if (!settles) note(`${descriptorsOf(pid)} descriptors are open, ${descriptors} were`, "");
  findings.push(...faultsInLog(site.craned.log()));
  return { inputs: made, seconds, memory: [warm, end], findings };
}

/** @param count of requests to all registries together */
export async function fuzzRequests(count: number, seed: number): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, share, start } of SITES) {
    const site = await start();
    try {
      outcomes.push({ name: `requests: ${name}`, ...(await runAgainst(site, Math.ceil((count * share) / 100), seed)) });
    } finally {
      await site.stop();
    }
  }
  return outcomes;
}
