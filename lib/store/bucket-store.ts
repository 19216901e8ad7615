import type { S3Address } from "../s3/address.ts";
import { connectS3 } from "../s3/client.ts";
import type { S3Access } from "../s3/connection.ts";
import { type Bucket, createBucket } from "./bucket.ts";
import { createLedger, type Snapshot } from "./ledger.ts";
import { settleAndTell } from "./report.ts";
import { createSchedule, oneAtATime } from "./schedule.ts";
import type { Look, Store, Watching } from "./store-options.ts";

/** A place in a bucket, and how to reach it. */
export interface BucketPlace {
  readonly address: S3Address;
  readonly access: S3Access;
}

/** Attempts at each request within a look, and the longest wait between two of them, in ms: looks are repeated too. */
const ATTEMPTS = 3;
const MAX_DELAY_MS = 1000;
/** Time after which whoever opens the bucket goes on without it, in ms: the first look may take minutes. */
const PATIENCE_MS = 5000;
/** Looks in a row that an object may spoil which can't be read for the moment; then the others go on without it. */
const MAX_SPOILED = 3;
/** After a look that failed, in ms; twice as long after the next. */
const RETRY_MS = 1000;
/** The longest such time as long as nothing has been read, in ms. */
const LONGEST_FIRST_RETRY_MS = 5000;
/** How much of the interval is left to chance, so that a fleet does not ask all at once. */
const JITTER = 0.2;

function connect({ address, access: { connection, timeout } }: BucketPlace): Bucket {
  const patience = { attempts: ATTEMPTS, maxDelay: MAX_DELAY_MS, timeout: timeout * 1000 };
  return createBucket(connectS3(connection, address.bucket, patience), address);
}

/** When to look next, in ms. @param failures looks in a row that failed */
function delayAfter(failures: number, interval: number, hasBeenRead: boolean): number {
  if (failures === 0) return interval * (1 - JITTER * Math.random());
  const longest = hasBeenRead ? interval : Math.min(interval, LONGEST_FIRST_RETRY_MS);
  return Math.min(longest, RETRY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/**
 * Opens a place in a bucket.
 *
 * @returns when it has been read for the first time, could not be read, or takes its time
 */
export async function openBucket(place: BucketPlace, options: Watching): Promise<Store> {
  const { pollingInterval, log, onLook } = options;
  const bucket = connect(place);
  const { rootPath } = bucket;
  const ledger = createLedger(bucket);
  const closing = new AbortController();
  const { signal } = closing;
  let failures = 0;

  const schedule = createSchedule(
    () => {},
    () => void reload(),
  );
  async function pass(): Promise<void> {
    if (signal.aborted) return;
    const began = performance.now();
    let result: Look["result"] = "failed";
    try {
      const seen = await bucket.look(failures < MAX_SPOILED, signal);
      const wasAway = ledger.snapshot().faults.has(rootPath);
      const isChanged = await settleAndTell(ledger, rootPath, options);
      if (seen !== "away") result = isChanged ? "changed" : "unchanged";
      if (seen !== "away" && wasAway) log.info(`${rootPath}: can be read again`);
      failures = seen === "wholly" ? 0 : failures + 1;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      log.error("redirect files could not be looked at; the last good state is served", { error: String(error) });
    }
    onLook?.({ seconds: (performance.now() - began) / 1000, result });
    if (!signal.aborted) schedule.pollIn(delayAfter(failures, pollingInterval * 1000, bucket.hasBeenRead()));
  }
  const reload = oneAtATime(pass);

  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, PATIENCE_MS);
  await Promise.race([reload(), patience.promise]);
  clearTimeout(timer);
  return {
    snapshot: ledger.snapshot,
    reload,
    close: () => {
      closing.abort();
      schedule.stop();
    },
  };
}

/** Reads a place in a bucket once. */
export async function readBucketOnce(place: BucketPlace): Promise<Snapshot> {
  const bucket = connect(place);
  const ledger = createLedger(bucket);
  await bucket.look(false, new AbortController().signal);
  await ledger.settle(new Date());
  return ledger.snapshot();
}
