import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { Log } from "../log.ts";
import { codeOrText } from "../system-error.ts";

/** One fault of a file of users or keys. It never holds a hash or a key. */
export interface AuthFileFault {
  /** Counted from 1; absent for a fault of the file as a whole. */
  readonly line?: number;
  /** As a reader would write it: `keys[1].kty`. */
  readonly field?: string;
  readonly expected: string;
  readonly received: string;
}

/** A fault in one line: `/etc/crane.htpasswd:3: expected a bcrypt hash, received a SHA-1 hash`. */
export function describeFileFault(path: string, { line, field, expected, received }: AuthFileFault): string {
  const where = line === undefined ? path : `${path}:${line}`;
  return `${where}: ${field === undefined ? "" : `${field}: `}expected ${expected}, received ${received}`;
}

/** The content of a file. An unusable file has faults and no value. */
export interface ParsedAuthFile<Value> {
  readonly value: Value | undefined;
  readonly faults: readonly AuthFileFault[];
  readonly warnings?: readonly AuthFileFault[];
}

export type ParseFile<Value> = (bytes: Buffer) => ParsedAuthFile<Value> | Promise<ParsedAuthFile<Value>>;

/** The last good value of a file that may change at any time. */
export interface WatchedFile<Value> {
  /** The same object until the content changes; undefined until the file was usable once. */
  readonly current: () => Value | undefined;
  readonly close: () => void;
}

interface WatchedFileOptions<Value> {
  readonly path: string;
  readonly parse: ParseFile<Value>;
  readonly log: Log;
  /** Between two checks, in ms. */
  readonly interval: number;
}

/** Some 100,000 users. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_LOGGED = 20;
const MAX_ATTEMPTS = 3;

/** A file read this soon after a change, in ms, may change again with the same timestamps. */
const RACY_MS = 2000;

type WatchedContent =
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly fingerprint: string; readonly isSettled: boolean }
  | { readonly kind: "fault"; readonly fault: AuthFileFault };

const fingerprintOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;

const fault = (expected: string, received: string): WatchedContent => ({
  kind: "fault",
  fault: { expected, received },
});

/** @returns undefined when the file changed during the read */
async function readWhole(path: string): Promise<WatchedContent | undefined> {
  await using file = await open(path);
  const before = await file.stat({ bigint: true });
  const startedAt = Date.now();
  const bytes = await file.readFile();
  const fingerprint = fingerprintOf(await file.stat({ bigint: true }));
  if (fingerprintOf(before) !== fingerprint) return undefined;
  const changedAt = Math.max(Number(before.mtimeMs), Number(before.ctimeMs));
  return { kind: "bytes", bytes, fingerprint, isSettled: Math.abs(startedAt - changedAt) > RACY_MS };
}

/** Opens regular files only: opening a pipe would block until its other end is opened. */
async function readContent(path: string): Promise<WatchedContent> {
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
    return fault("a file that can be read", codeOrText(error));
  }
}

/** Reads a file once. */
export async function readFileOnce<Value>(path: string, parse: ParseFile<Value>): Promise<ParsedAuthFile<Value>> {
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
 * Reloads a file whenever it changes.
 *
 * It polls the path with one stat, through all links. That covers an edit, a rename over the file and Kubernetes' swap
 * of a directory link, on any file system. An unreadable or unusable file leaves the last good value in place. Every
 * change is logged.
 *
 * @returns after the first read, even if that failed
 */
export async function watchFile<Value>(options: WatchedFileOptions<Value>): Promise<WatchedFile<Value>> {
  const { path, parse, log, interval } = options;
  let value: Value | undefined;
  let fingerprint: string | undefined;
  let state: string | undefined;
  let isClosed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function report(level: "error" | "warn", faults: readonly AuthFileFault[]): void {
    for (const each of faults.slice(0, MAX_LOGGED)) log[level](describeFileFault(path, each));
    const more = faults.length - MAX_LOGGED;
    if (more > 0) log[level](`${path}: ${more} more`);
  }

  function reportAll(reading: ParsedAuthFile<Value>): void {
    report("error", reading.faults);
    report("warn", reading.warnings ?? []);
    if (reading.value !== undefined) log.info("users or keys loaded", { file: path });
    else
      log.error(
        value === undefined ? "no user is admitted until the file is usable" : "the last good content stays in use",
        { file: path },
      );
  }

  async function reload(): Promise<void> {
    if (fingerprint !== undefined && (await isAsBefore(path, fingerprint))) return;
    const content = await readContent(path);
    fingerprint = content.kind === "bytes" && content.isSettled ? content.fingerprint : undefined;
    const present =
      content.kind === "bytes"
        ? createHash("sha256").update(content.bytes).digest("base64")
        : describeFileFault(path, content.fault);
    if (present === state) return;
    const reading =
      content.kind === "bytes" ? await parse(content.bytes) : { value: undefined, faults: [content.fault] };
    if (isClosed) return;
    state = present;
    reportAll(reading);
    value = reading.value ?? value;
  }

  function schedule(): void {
    if (isClosed) return;
    timer = setTimeout(() => {
      reload()
        .catch((error: unknown) => log.error("can't read a file", { file: path, error: String(error) }))
        .finally(schedule);
    }, interval);
    timer.unref();
  }

  await reload();
  schedule();
  return {
    current: () => value,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
