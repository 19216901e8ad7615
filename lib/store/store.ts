import pLimit from "p-limit";
import type { Log } from "../log.ts";
import { parseS3Address } from "../s3/address.ts";
import type { S3Access } from "../s3/connection.ts";
import { createBucket } from "./bucket.ts";
import { createDirectory } from "./directory/directory.ts";
import { report } from "./report.ts";
import { createSnapshots, type RedirectSource, type Snapshot } from "./snapshots.ts";

/** Redirect files, kept up to date. */
export interface Store {
  /** Returns all redirect files as they are; use one snapshot for the whole of a request. */
  snapshot(): Snapshot;
  /** Scans everything; resolves when a scan that began after the call has ended. */
  reload(): Promise<void>;
  /** Ends all watches, timers and scans. */
  close(): void;
}

/** One scan for changes. */
export interface Scan {
  readonly seconds: number;
  /** `failed`: the root could not be read, so the last good state is served. A file in error is a change. */
  readonly result: "changed" | "unchanged" | "failed";
}

/** Options for following a source. */
export interface Following {
  /** Seconds between two scans of everything. */
  readonly pollingInterval: number;
  readonly log: Log;
  /** Is called with each new snapshot. */
  readonly onChange?: (snapshot: Snapshot) => void;
  /** Is called after each scan. */
  readonly onScan?: (scan: Scan) => void;
  /** Gives the first load up, and everything after it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Follows a source: scans it at once, after events and by polling, and makes a snapshot of each change.
 *
 * @param makeSource receives a function that asks for a scan of pending events
 * @throws the reason of `signal`, when that ends the first scan
 */
export async function follow(
  makeSource: (scanPending: () => void) => RedirectSource,
  { pollingInterval, log, onChange, onScan, signal: giveUp }: Following,
): Promise<Store> {
  const closing = new AbortController();
  const signal = giveUp === undefined ? closing.signal : AbortSignal.any([closing.signal, giveUp]);
  const oneAtATime = pLimit(1);
  const source = makeSource(() => void request());
  const snapshots = createSnapshots(source);
  let everything = false;
  let next: Promise<void> | undefined;
  let poll: ReturnType<typeof setTimeout> | undefined;

  /** Requests during a pass share the next one. */
  function request(): Promise<void> {
    next ??= oneAtATime(() => {
      next = undefined;
      return pass();
    });
    return next;
  }

  function reload(): Promise<void> {
    everything = true;
    return request();
  }

  async function pass(): Promise<void> {
    if (signal.aborted) return;
    const began = performance.now();
    const scansAll = everything;
    everything = false;
    let result: Scan["result"] = "failed";
    let nextIn = scansAll ? pollingInterval * 1000 : undefined;
    try {
      const scanned = await source.scan(scansAll, signal);
      nextIn = scanned.scanAllIn ?? nextIn;
      const change = await snapshots.next(scanned);
      if (signal.aborted) return;
      if (change !== undefined) {
        report(log, source.rootPath, change);
        onChange?.(change.snapshot);
      }
      if (scanned.isRead) result = change === undefined ? "unchanged" : "changed";
    } catch (error) {
      if (signal.aborted) return;
      log.error("redirect files could not be scanned; the last good state is served", { error: String(error) });
    }
    if (nextIn !== undefined) {
      clearTimeout(poll);
      poll = setTimeout(reload, nextIn);
      poll.unref();
    }
    onScan?.({ seconds: (performance.now() - began) / 1000, result });
  }

  function close(): void {
    closing.abort();
    clearTimeout(poll);
    source.close?.();
  }

  const ended = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  const timer = source.patience === undefined ? undefined : setTimeout(ended.resolve, source.patience);
  await Promise.race([reload(), ended.promise]);
  clearTimeout(timer);
  if (giveUp?.aborted === true) {
    close();
    throw giveUp.reason;
  }
  return { snapshot: snapshots.current, reload, close };
}

interface StoreOptions extends Following {
  /** A directory, or a place in a bucket: `s3://<bucket>/<prefix>`. */
  readonly dataDir: string;
  /** Access to the bucket; without it, `dataDir` is a directory. */
  readonly s3?: S3Access | undefined;
  /** Whether the file system is asked to report changes; true by default. */
  readonly watch?: boolean;
}

function openBucket({ dataDir, s3 }: Pick<StoreOptions, "dataDir" | "s3">, pollingInterval?: number) {
  const address = s3 && parseS3Address(dataDir);
  return s3 && address && createBucket(address, s3, pollingInterval);
}

/**
 * Opens redirect files.
 *
 * @returns when they have been read for the first time, or can't be read yet
 * @throws the reason of `signal`, when that ends the first load
 */
export function openStore(options: StoreOptions): Promise<Store> {
  const { dataDir, pollingInterval, log, watch = true } = options;
  return follow((scanPending) => {
    const watchOptions = watch ? { scanPending, pollingInterval, log } : undefined;
    return openBucket(options, pollingInterval) ?? createDirectory(dataDir, watchOptions);
  }, options);
}

/** Reads redirect files once. */
export async function readDirectoryOnce(dataDir: string, s3?: S3Access): Promise<Snapshot> {
  const source = openBucket({ dataDir, s3 }) ?? createDirectory(dataDir);
  const snapshots = createSnapshots(source);
  await snapshots.next(await source.scan(true, new AbortController().signal));
  return snapshots.current();
}
