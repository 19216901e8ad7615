import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { Log } from "../log.ts";
import { describeFileFault, type FileFault } from "./file-fault.ts";

/** What a file says. A file that is of no use has faults and no value. */
export interface Reading<Value> {
  readonly value: Value | undefined;
  readonly faults: readonly FileFault[];
}

export type ParseFile<Value> = (bytes: Buffer) => Reading<Value> | Promise<Reading<Value>>;

/** The last good value of a file that may change at any time. */
export interface WatchedFile<Value> {
  /** The same object until the content changes; undefined as long as the file never was of use. */
  readonly current: () => Value | undefined;
  readonly close: () => void;
}

interface WatchOptions<Value> {
  readonly path: string;
  readonly parse: ParseFile<Value>;
  readonly log: Log;
  /** Between two looks, in ms. */
  readonly interval: number;
}

/** Some 100,000 users. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_LOGGED = 20;
const MAX_ATTEMPTS = 3;

/** What was read this soon after it changed, in ms, may change again without its times telling. */
const RACY_MS = 2000;

type Content =
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly fingerprint: string; readonly isSettled: boolean }
  | { readonly kind: "fault"; readonly fault: FileFault };

const fingerprintOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;

const fault = (expected: string, received: string): Content => ({ kind: "fault", fault: { expected, received } });

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** @returns undefined when somebody wrote meanwhile */
async function readWhole(path: string): Promise<Content | undefined> {
  await using file = await open(path);
  const before = await file.stat({ bigint: true });
  const startedAt = Date.now();
  const bytes = await file.readFile();
  const fingerprint = fingerprintOf(await file.stat({ bigint: true }));
  if (fingerprintOf(before) !== fingerprint) return undefined;
  const changedAt = Math.max(Number(before.mtimeMs), Number(before.ctimeMs));
  return { kind: "bytes", bytes, fingerprint, isSettled: Math.abs(startedAt - changedAt) > RACY_MS };
}

/** Opens only what is a file, since opening a pipe would wait for its other end. */
async function readContent(path: string): Promise<Content> {
  try {
    const seen = await stat(path, { bigint: true });
    if (!seen.isFile()) return fault("a file", seen.isDirectory() ? "a directory" : "a device, pipe or socket");
    if (seen.size > MAX_BYTES) return fault(`at most ${MAX_BYTES} bytes`, `${seen.size}`);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const content = await readWhole(path);
      if (content !== undefined) return content;
    }
    return fault("a file that holds still", "one that changes while it is read");
  } catch (error) {
    return fault("a file that can be read", codeOf(error));
  }
}

/** Reads a file once. */
export async function readFileOnce<Value>(path: string, parse: ParseFile<Value>): Promise<Reading<Value>> {
  const content = await readContent(path);
  return content.kind === "fault" ? { value: undefined, faults: [content.fault] } : parse(content.bytes);
}

async function isAsBefore(path: string, fingerprint: string): Promise<boolean> {
  try {
    return fingerprintOf(await stat(path, { bigint: true })) === fingerprint;
  } catch {
    return false;
  }
}

/**
 * Keeps the value of a file up to date.
 *
 * It looks at the path again and again, through all links: that sees an edit, a rename over the file and the swap of
 * a directory's link, as Kubernetes does it, all alike and on any file system, and costs one stat. A file that can't
 * be read or is of no use leaves the last good value in place. Whatever changes is told to the log.
 *
 * @returns when the file was read for the first time, even if that failed
 */
export async function watchFile<Value>(options: WatchOptions<Value>): Promise<WatchedFile<Value>> {
  const { path, parse, log, interval } = options;
  let value: Value | undefined;
  let fingerprint: string | undefined;
  let known: string | undefined;
  let isClosed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tell(reading: Reading<Value>): void {
    for (const each of reading.faults.slice(0, MAX_LOGGED)) log.error(describeFileFault(path, each));
    const more = reading.faults.length - MAX_LOGGED;
    if (more > 0) log.error(`${path}: ${more} more`);
    if (reading.value !== undefined) log.info("users or keys read", { file: path });
    else log.error(value === undefined ? "nobody is let in" : "what was read before holds", { file: path });
  }

  async function look(): Promise<void> {
    if (fingerprint !== undefined && (await isAsBefore(path, fingerprint))) return;
    const content = await readContent(path);
    fingerprint = content.kind === "bytes" && content.isSettled ? content.fingerprint : undefined;
    const state =
      content.kind === "bytes"
        ? createHash("sha256").update(content.bytes).digest("base64")
        : describeFileFault(path, content.fault);
    if (state === known) return;
    const reading =
      content.kind === "bytes" ? await parse(content.bytes) : { value: undefined, faults: [content.fault] };
    if (isClosed) return;
    known = state;
    tell(reading);
    value = reading.value ?? value;
  }

  function lookLater(): void {
    if (isClosed) return;
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) => log.error("can't look at a file", { file: path, error: String(error) }))
        .finally(lookLater);
    }, interval);
    timer.unref();
  }

  await look();
  lookLater();
  return {
    current: () => value,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
