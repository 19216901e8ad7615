/**
 * Redirect files in a bucket. Buckets have neither directories nor links, and report no changes: a scan lists all
 * objects, and reads those whose ETag is new.
 */
import type { Fault } from "../../core/redirect-file/fault.ts";
import type { ParsedFile } from "../../core/redirect-file/parse.ts";
import type { S3Address } from "../../s3/address.ts";
import { connectS3 } from "../../s3/client.ts";
import type { S3Access } from "../../s3/connection.ts";
import { listPages, type S3Object } from "../../s3/listing.ts";
import { S3Error } from "../../s3/s3-error.ts";
import { createPause, createTurns, inParallel } from "../../slices.ts";
import type { ScannedSource } from "../follow.ts";
import { NOTHING, stateOfContent } from "../snapshots.ts";
import { type ObjectRead, readObject, unreadable } from "./read-object.ts";

interface BucketOptions {
  readonly address: S3Address;
  readonly access: S3Access;
  /** In seconds. */
  readonly pollingInterval: number;
  /** Whether an object that can't be read for the moment fails the whole scan, for the first few scans. */
  readonly isStrict: boolean;
}

/** A redirect file in the bucket, as it was when it was last read. */
interface RedirectObject {
  /** Empty when the object has to be read again. */
  readonly etag: string;
  /** The number of the listing that had it last. */
  listedIn: number;
  readonly parsed: ParsedFile;
  readonly hash: bigint | undefined;
}

/** Time after which a registry starts though the bucket has not been read, in ms: that may take minutes. */
export const BUCKET_PATIENCE_MS = 5000;
/** Attempts at each request, and the longest wait between two of them, in ms. */
const ATTEMPTS = 3;
const MAX_DELAY_MS = 1000;
/** Requests at once. */
const CONCURRENCY = 32;
/** Larger objects are read one after the other, which bounds memory, in bytes. */
const HUGE_BYTES = 4 * 1024 * 1024;
/** Listings in a row while objects change between the listing and the reading. */
const MAX_ROUNDS = 4;
/** Objects that can't be read for the moment before the whole bucket counts as unavailable. */
const MAX_UNREAD = 16;
/** Strict scans in a row that fail; then the other objects are served without those that can't be read. */
const MAX_STRICT_FAILURES = 3;
/** Time until the next scan after a failure, in ms; it doubles with each further one. */
const RETRY_MS = 1000;
/** The longest such time until the bucket has been read for the first time, in ms. */
const LONGEST_FIRST_RETRY_MS = 5000;
/** The part of the interval that is random, so that many instances do not scan at once. */
const JITTER = 0.2;
/** The longest wait of requests, in ms. */
const SLICE_MS = 1;

/** Leaves out the bookkeeping of a Kubernetes mount, as in directories. */
const isWanted = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) && key.endsWith(".json") && !/^(?:.*\/)?\.\.[^/]*\//.test(key.slice(prefix.length));

/** A substring keeps the whole page in memory. */
const copyOf = (text: string): string => Buffer.from(text).toString();

/** Makes the source of a place in a bucket; nothing is requested yet. */
export function createBucket({ address, access, pollingInterval, isStrict }: BucketOptions): ScannedSource {
  const patience = { attempts: ATTEMPTS, maxDelay: MAX_DELAY_MS, timeout: access.timeout * 1000 };
  const s3 = connectS3(access.connection, address.bucket, patience);
  const base = `s3://${address.bucket}/`;
  const rootPath = `${base}${address.prefix}`.replace(/\/$/, "");
  const objects = new Map<string, RedirectObject>();
  const turn = createTurns(SLICE_MS);
  let dirtyPaths = new Set<string>();
  let listing = 0;
  let failures = 0;
  let hasBeenRead = false;
  /** Why the bucket is unavailable. */
  let fault: Fault | undefined;

  /** Lists all objects. @returns those that have to be read */
  async function list(signal: AbortSignal): Promise<readonly S3Object[]> {
    listing++;
    const changed: S3Object[] = [];
    const pause = createPause(SLICE_MS);
    for await (const page of listPages(s3, address, signal)) {
      for (const object of page) {
        if (!isWanted(object.key, address.prefix)) continue;
        const known = objects.get(base + object.key);
        if (known !== undefined) known.listedIn = listing;
        if (known === undefined || known.etag === "" || known.etag !== object.etag) changed.push(object);
      }
      await pause();
    }
    return changed;
  }

  function apply({ key }: S3Object, { etag, parsed, hash }: Extract<ObjectRead, { kind: "read" }>): void {
    const path = base + key;
    const known = objects.get(path);
    const isSame = known !== undefined && hash !== undefined && known.hash === hash;
    objects.set(path, { etag: copyOf(etag), listedIn: listing, parsed: isSame ? known.parsed : parsed, hash });
    if (!isSame) dirtyPaths.add(path);
  }

  /** Reads objects. @returns whether one has changed since the listing, and those that can't be read for the moment */
  async function read(changed: readonly S3Object[], isLast: boolean, signal: AbortSignal) {
    const failed: { readonly object: S3Object; readonly error: S3Error }[] = [];
    let hasMoved = false;
    const readOne = async (object: S3Object): Promise<void> => {
      if (failed.length >= MAX_UNREAD) return;
      const result = await readObject({ s3, turn, isLast, signal }, address.bucket, object);
      if (result.kind === "read") apply(object, result);
      else if (result.kind === "failed") failed.push({ object, error: result.error });
      else hasMoved = true;
    };
    const isHuge = ({ size }: S3Object): boolean => size > HUGE_BYTES;
    const small = changed.filter((object) => !isHuge(object));
    await Promise.all([inParallel(CONCURRENCY, small, readOne), inParallel(1, changed.filter(isHuge), readOne)]);
    return { hasMoved, failed };
  }

  /** @returns whether all objects could be read @throws {S3Error} when the bucket is unavailable */
  async function scanBucket(signal: AbortSignal): Promise<boolean> {
    let unread = 0;
    for (let left = MAX_ROUNDS; left > 0; left--) {
      const { hasMoved, failed } = await read(await list(signal), left === 1, signal);
      const [first] = failed;
      const fails = (isStrict && failures < MAX_STRICT_FAILURES) || failed.length >= MAX_UNREAD;
      if (first !== undefined && fails) throw first.error;
      for (const { object, error } of failed) apply(object, unreadable(error.received));
      unread = failed.length;
      if (!hasMoved) break;
    }
    for (const [path, { listedIn }] of objects) {
      if (listedIn === listing) continue;
      objects.delete(path);
      dirtyPaths.add(path);
    }
    return unread === 0;
  }

  function nextScanIn(): number {
    const interval = pollingInterval * 1000;
    if (failures === 0) return interval * (1 - JITTER * Math.random());
    const longest = hasBeenRead ? interval : Math.min(interval, LONGEST_FIRST_RETRY_MS);
    return Math.min(longest, RETRY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  }

  return {
    rootPath,
    scan: async (_, signal) => {
      let isRead = true;
      try {
        failures = (await scanBucket(signal)) ? 0 : failures + 1;
        fault = undefined;
        hasBeenRead = true;
      } catch (error) {
        signal.throwIfAborted();
        isRead = false;
        failures++;
        // A refusal is reported; of errors that pass, the first one is as good as those that follow.
        if (fault === undefined || !(error instanceof S3Error && error.passes)) {
          const received = error instanceof S3Error ? error.received : String(error);
          fault = { field: "", expected: "a bucket that can be read", received };
        }
      }
      return { isRead, scanAllIn: nextScanIn() };
    },
    takeDirtyPaths: async () => {
      // What was read of an unavailable bucket is not served before the rest is known.
      if (fault !== undefined) return [rootPath];
      const paths = dirtyPaths.add(rootPath);
      dirtyPaths = new Set();
      return paths;
    },
    stateOf: (path, last) => {
      if (path === rootPath)
        return fault === undefined ? NOTHING : { ...NOTHING, fault: { faults: [fault], servesLastGood: hasBeenRead } };
      const object = objects.get(path);
      return object === undefined ? NOTHING : stateOfContent(last(path), object.parsed, object.hash);
    },
    hasBeenRead: () => hasBeenRead,
    close: () => {},
  };
}
