import type { Log } from "../log.ts";
import { report } from "./report.ts";
import { createSnapshots, type Snapshot, type SnapshotSource } from "./snapshots.ts";

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

/** A source that can be scanned again and again. */
export interface ScannedSource extends SnapshotSource {
  /**
   * Scans all, or only what has pending events.
   *
   * @returns whether the root could be read, and in how many ms to scan all again, if not at the polling interval
   * @throws the reason of the signal
   */
  scan(everything: boolean, signal: AbortSignal): Promise<{ readonly isRead: boolean; readonly scanAllIn?: number }>;
  close(): void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs one pass at a time; calls during a pass share the next one. */
function oneAtATime(pass: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= last.then(() => {
      next = undefined;
      return pass();
    });
    last = next.catch(() => {});
    return next;
  };
}

/**
 * Follows a source: scans it at once, after events and by polling, and makes a snapshot of each change.
 *
 * @param makeSource receives a function that asks for a scan of pending events
 * @param patience time after which it returns though the first scan has not ended, in ms
 * @throws the reason of `signal`, when that ends the first scan
 */
export async function follow(
  makeSource: (scanPending: () => void) => ScannedSource,
  { pollingInterval, log, onChange, onScan, signal: giveUp }: Following,
  patience?: number,
): Promise<Store> {
  const closing = new AbortController();
  const signal = giveUp === undefined ? closing.signal : AbortSignal.any([closing.signal, giveUp]);
  const request = oneAtATime(pass);
  const source = makeSource(() => void request());
  const { rootPath } = source;
  const snapshots = createSnapshots(source);
  let everything = false;
  let poll: ReturnType<typeof setTimeout> | undefined;

  function reloadIn(ms: number): void {
    clearTimeout(poll);
    if (signal.aborted) return;
    poll = setTimeout(() => void reload(), Math.min(ms, LONGEST_TIMER_MS));
    poll.unref();
  }

  async function scan(): Promise<Scan["result"]> {
    let nextIn = everything ? pollingInterval * 1000 : undefined;
    const scansAll = everything;
    everything = false;
    try {
      const { isRead, scanAllIn = nextIn } = await source.scan(scansAll, signal);
      nextIn = scanAllIn;
      const wasUnavailable = snapshots.current().faults.has(rootPath);
      const change = await snapshots.next();
      if (change !== undefined && !signal.aborted) {
        report(log, rootPath, change);
        onChange?.(change.snapshot);
      }
      if (isRead && wasUnavailable && !snapshots.current().faults.has(rootPath))
        log.info(`${rootPath}: can be read again`);
      return !isRead ? "failed" : change === undefined ? "unchanged" : "changed";
    } finally {
      if (nextIn !== undefined) reloadIn(nextIn);
    }
  }

  async function pass(): Promise<void> {
    if (signal.aborted) return;
    const began = performance.now();
    let result: Scan["result"] = "failed";
    try {
      result = await scan();
    } catch (error) {
      if (!signal.aborted)
        log.error("redirect files could not be scanned; the last good state is served", { error: String(error) });
    }
    if (!signal.aborted) onScan?.({ seconds: (performance.now() - began) / 1000, result });
  }

  function reload(): Promise<void> {
    everything = true;
    return request();
  }

  function close(): void {
    closing.abort();
    clearTimeout(poll);
    source.close();
  }

  const ended = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  const timer = patience === undefined ? undefined : setTimeout(ended.resolve, patience);
  await Promise.race([reload(), ended.promise]);
  clearTimeout(timer);
  if (giveUp?.aborted === true) {
    close();
    throw giveUp.reason;
  }
  return { snapshot: snapshots.current, reload, close };
}
