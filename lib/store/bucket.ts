/**
 * What is known of redirect files in a bucket. There are neither directories nor links there, and nobody tells of
 * changes: a look is a list of all objects, and a request for each that has another ETag than before.
 */
import type { Fault } from "../core/redirect-file/fault.ts";
import type { Parsed } from "../core/redirect-file/parse.ts";
import type { S3Address } from "../s3/address.ts";
import type { S3 } from "../s3/client.ts";
import { listPages, type S3Object } from "../s3/listing.ts";
import { S3Error } from "../s3/s3-error.ts";
import { NOTHING, ofContent, type Source } from "./ledger.ts";
import { isRedirectName } from "./lost.ts";
import { type ObjectRead, readObject, unreadable } from "./read-object.ts";
import { createPauses, createTurns, createWork } from "./work.ts";

/** A redirect file in the bucket and what it said when it was last read. */
interface RedirectObject {
  /** Of what was read; empty when that has to be read again. */
  etag: string;
  /** The look that listed it last. */
  listedIn: number;
  parsed: Parsed | undefined;
  hash: bigint | undefined;
}

/** `away`: nothing is known that was not before. `partly`: but for objects that can't be read for the moment. */
type BucketLook = "away" | "partly" | "wholly";

export interface Bucket extends Source {
  readonly rootPath: string;
  /**
   * Looks at every object. What it finds is to be settled afterwards, as is what comes in its way: with the bucket
   * away, nothing in it is known to be changed.
   *
   * @param isStrict whether an object that can't be read for the moment makes the whole look fail
   * @throws what the signal says, when that gives it up
   */
  look(isStrict: boolean, signal: AbortSignal): Promise<BucketLook>;
}

/** Requests under way at once. */
const CONCURRENCY = 32;
/** Objects of more bytes are read one after the other, so that memory is bounded. */
const HUGE_BYTES = 4 * 1024 * 1024;
/** Lists in a row while objects change between the list and the reading. */
const MAX_ROUNDS = 4;
/** Objects that can't be read for the moment, until it is the bucket that can't. */
const MAX_UNREAD = 16;
/** How long requests wait for their turn at most, in ms. */
const SLICE_MS = 1;

/** As with directories: no bookkeeping of Kubernetes, should anybody have copied it. */
const isWanted = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) && isRedirectName(key) && !/^(?:.*\/)?\.\.[^/]*\//.test(key.slice(prefix.length));

/** A part of a page keeps the whole page in memory. */
const ownCopy = (text: string): string => Buffer.from(text).toString();

const away = (received: string): Fault => ({ field: "", expected: "a bucket that can be read", received });

/** Makes the account of a place in a bucket. Nothing is asked yet. */
export function createBucket(s3: S3, address: S3Address): Bucket {
  const base = `s3://${address.bucket}/`;
  const rootPath = `${base}${address.prefix}`.replace(/\/$/, "");
  const objects = new Map<string, RedirectObject>();
  const turn = createTurns(SLICE_MS);
  let dirt = new Set<string>();
  let round = 0;
  let hasBeenRead = false;
  let isAway = false;
  let fault: Fault | undefined;

  /** Lists everything. @returns what has to be read */
  async function list(signal: AbortSignal): Promise<readonly S3Object[]> {
    round++;
    const changed: S3Object[] = [];
    const pause = createPauses(SLICE_MS);
    for await (const page of listPages(s3, address, signal)) {
      for (const object of page) {
        if (!isWanted(object.key, address.prefix)) continue;
        const known = objects.get(base + object.key);
        if (known !== undefined) known.listedIn = round;
        if (known === undefined || known.etag === "" || known.etag !== object.etag) changed.push(object);
      }
      await pause();
    }
    return changed;
  }

  function record({ key }: S3Object, { etag, parsed, hash }: Extract<ObjectRead, { kind: "read" }>): void {
    const path = base + key;
    const known = objects.get(path);
    const isSame = known !== undefined && hash !== undefined && known.hash === hash;
    objects.set(path, {
      etag: ownCopy(etag),
      listedIn: round,
      parsed: isSame ? known.parsed : parsed,
      hash,
    });
    if (!isSame) dirt.add(path);
  }

  /** Reads objects. @returns whether one was another meanwhile, and the failures that may pass */
  async function read(changed: readonly S3Object[], isLast: boolean, signal: AbortSignal) {
    const [small, large] = [createWork(CONCURRENCY), createWork(1)];
    const failed: { readonly object: S3Object; readonly error: S3Error }[] = [];
    let moved = false;
    for (const object of changed) {
      (object.size > HUGE_BYTES ? large : small).add(async () => {
        if (failed.length >= MAX_UNREAD) return;
        const result = await readObject({ s3, turn, isLast, signal }, address.bucket, object);
        if (result.kind === "read") record(object, result);
        else if (result.kind === "failed") failed.push({ object, error: result.error });
        else moved = true;
      });
    }
    await Promise.all([small.done(), large.done()]);
    return { moved, failed };
  }

  function removeUnlisted(): void {
    for (const [path, { listedIn }] of objects) {
      if (listedIn === round) continue;
      objects.delete(path);
      dirt.add(path);
    }
  }

  /** @throws {S3Error} when the bucket is away */
  async function lookRound(isStrict: boolean, signal: AbortSignal): Promise<BucketLook> {
    let unread = 0;
    for (let left = MAX_ROUNDS; left > 0; left--) {
      const { moved, failed } = await read(await list(signal), left === 1, signal);
      const [first] = failed;
      if (first !== undefined && (isStrict || failed.length >= MAX_UNREAD)) throw first.error;
      for (const { object, error } of failed) record(object, unreadable(error.received));
      unread = failed.length;
      if (!moved) break;
    }
    removeUnlisted();
    return unread === 0 ? "wholly" : "partly";
  }

  /** A refusal stays, and is told; of what passes, one reason is as good as the next. */
  function setAway(error: unknown): void {
    const isNews = fault === undefined || !(error instanceof S3Error && error.passes);
    if (isNews) fault = away(error instanceof S3Error ? error.received : String(error));
  }

  return {
    rootPath,
    look: async (isStrict, signal) => {
      try {
        const result = await lookRound(isStrict, signal);
        fault = undefined;
        hasBeenRead = true;
        isAway = false;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        setAway(error);
        isAway = true;
        return "away";
      }
    },
    takeDirtyPaths: () => {
      if (isAway) return [rootPath];
      const paths = dirt.add(rootPath);
      dirt = new Set();
      return paths;
    },
    recordNow: (path, recordAt) => {
      if (path === rootPath) {
        return fault === undefined ? NOTHING : { ...NOTHING, fault: { faults: [fault], servesLastGood: hasBeenRead } };
      }
      const object = objects.get(path);
      if (object === undefined) return NOTHING;
      return object.parsed === undefined ? recordAt(path) : ofContent(recordAt(path), object.parsed, object.hash);
    },
    hasBeenRead: () => hasBeenRead,
  };
}
