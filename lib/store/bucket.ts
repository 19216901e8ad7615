/**
 * Redirect files in a bucket. Buckets have neither directories nor links, and report no changes: a scan lists all
 * objects, and reads those whose ETag is new.
 */
import { type Fault, plain } from "../core/redirect-file/fault.ts";
import type { S3Address } from "../s3/address.ts";
import { connectS3, type S3 } from "../s3/client.ts";
import type { S3Access } from "../s3/connection.ts";
import { listPages, type S3Object } from "../s3/listing.ts";
import { S3Error } from "../s3/s3-error.ts";
import { createPause, inParallel } from "../slices.ts";
import { hashOf, type ParsedContent, parseAside } from "./parsing.ts";
import { NOTHING, type RedirectSource, stateOfContent } from "./snapshots.ts";

/** A redirect file in the bucket, as it was when it was last read. */
interface RedirectObject extends ParsedContent {
  /** Empty when the object has to be read again. */
  readonly etag: string;
}

/** Time after which a registry starts though the bucket has not been read, in ms: that may take minutes. */
const PATIENCE_MS = 5000;
/** Attempts at each request, and the longest wait between two of them, in ms. */
const ATTEMPTS = 3;
const MAX_DELAY_MS = 1000;
/** Requests at once. */
const CONCURRENCY = 32;
/** Larger objects are read one after the other, which bounds memory, in bytes. */
const HUGE_BYTES = 4 * 1024 * 1024;
/** A redirect file with a million references has less than half of that. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Listings in a row while objects change between the listing and the reading. */
const MAX_ROUNDS = 4;
/** Objects that can't be read for the moment before the whole bucket counts as unavailable. */
const MAX_UNREAD = 16;
/** Scans in a row that one unreadable object makes fail; then the other objects are served without it. */
const MAX_STRICT_FAILURES = 3;
/** Time until the next scan after a failure, in ms; it doubles with each further one. */
const RETRY_MS = 1000;
/** The longest such time until the bucket has been read for the first time, in ms. */
const LONGEST_FIRST_RETRY_MS = 5000;
/** The part of the interval that is random, so that many instances do not scan at once. */
const JITTER = 0.2;

/** Excludes the entries that Kubernetes itself needs in a mount, as in directories. */
const isWanted = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) && key.endsWith(".json") && !/^(?:.*\/)?\.\.[^/]*\//.test(key.slice(prefix.length));

/** A substring keeps the whole page in memory. */
const copyOf = (text: string): string => Buffer.from(text).toString();

const inError = (etag: string, expected: string, received: string): RedirectObject => ({
  etag,
  parsed: { ok: false, faults: [{ field: "", expected, received }] },
  hash: undefined,
});

/** Describes an object that can't be read; the next scan tries again. */
const unreadable = (received: string): RedirectObject => inError("", "a readable object", received);

/** Listings, servers and proxies write the same ETag differently. */
const bare = (etag: string): string => etag.replace(/^W\//, "").replaceAll('"', "");

/**
 * Reads an object that was listed.
 *
 * @param known its content when it was last read
 * @param isLast whether to take it though it has changed since it was listed
 * @returns undefined when it has changed since it was listed
 * @throws {S3Error} when it can't be read for the moment
 * @throws the reason of the signal
 */
async function readObject(
  s3: S3,
  { key, etag, size }: S3Object,
  known: ParsedContent | undefined,
  isLast: boolean,
  signal: AbortSignal,
): Promise<RedirectObject | undefined> {
  if (size > MAX_BYTES) return inError(etag, `an object of at most ${MAX_BYTES} bytes`, String(size));
  // In the path of a URL, "." is the directory itself, and so another object.
  if (key.split("/").includes(".")) return inError(etag, "no . between slashes", plain(JSON.stringify(key)));
  try {
    const mustMatch = !isLast && /^[!-~]+$/.test(etag);
    const headers = mustMatch ? { "if-match": `"${bare(etag)}"` } : {};
    const answer = await s3({ method: "GET", key, headers, signal, maxBytes: MAX_BYTES });
    if (answer.status === 404 && !isLast) return undefined;
    if (answer.status !== 200) return unreadable(String(answer.status));
    const received = answer.headers.get("etag") ?? etag;
    const isListed = etag === "" || bare(received) === bare(etag);
    if (!isListed && !isLast) return undefined;
    const { length } = answer.bytes;
    if (isListed && length !== size && !answer.headers.has("content-encoding")) {
      const about = { received: `${length} of ${size} bytes`, status: 200, passes: true };
      throw new S3Error(`${key}: the S3 server answers ${about.received}`, about);
    }
    const hash = hashOf(answer.bytes);
    const parsed = known?.hash === hash ? known.parsed : await parseAside(answer.bytes);
    return { etag: isListed ? etag : received, parsed, hash };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.status === 412 && !isLast) return undefined;
    if (error.passes) throw error;
    return unreadable(error.received);
  }
}

/**
 * Makes the source of a place in a bucket; nothing is requested yet.
 *
 * @param pollingInterval in seconds; without it, the bucket is scanned once
 */
export function createBucket(address: S3Address, access: S3Access, pollingInterval?: number): RedirectSource {
  const patience = { attempts: ATTEMPTS, maxDelay: MAX_DELAY_MS, timeout: access.timeout * 1000 };
  const s3 = connectS3(access.connection, address.bucket, patience);
  const base = `s3://${address.bucket}/`;
  const rootPath = `${base}${address.prefix}`.replace(/\/$/, "");
  const objects = new Map<string, RedirectObject>();
  let dirtyPaths = new Set<string>();
  let failures = 0;
  let hasBeenRead = false;
  /** Why the bucket is unavailable. */
  let fault: Fault | undefined;

  /** Lists all objects, and removes the others. @returns those that have to be read */
  async function list(signal: AbortSignal): Promise<readonly S3Object[]> {
    const changed: S3Object[] = [];
    const present = new Set<string>();
    const pause = createPause();
    for await (const page of listPages(s3, address, signal)) {
      for (const object of page) {
        if (!isWanted(object.key, address.prefix)) continue;
        const path = base + object.key;
        present.add(path);
        const etag = objects.get(path)?.etag ?? "";
        if (etag === "" || etag !== object.etag) changed.push(object);
      }
      await pause();
    }
    for (const path of objects.keys()) {
      if (present.has(path)) continue;
      objects.delete(path);
      dirtyPaths.add(path);
    }
    return changed;
  }

  function apply(path: string, { etag, parsed, hash }: RedirectObject): void {
    objects.set(path, { etag: copyOf(etag), parsed, hash });
    dirtyPaths.add(path);
  }

  /** @returns whether all objects could be read @throws {S3Error} when the bucket is unavailable */
  async function scanBucket(signal: AbortSignal): Promise<boolean> {
    for (let left = MAX_ROUNDS; ; left--) {
      const failed: (readonly [path: string, S3Error])[] = [];
      let hasMoved = false;
      const read = async (object: S3Object): Promise<void> => {
        if (failed.length >= MAX_UNREAD) return;
        const path = base + object.key;
        try {
          const content = await readObject(s3, object, objects.get(path), left === 1, signal);
          if (content === undefined) hasMoved = true;
          else apply(path, content);
        } catch (error) {
          if (!(error instanceof S3Error)) throw error;
          failed.push([path, error]);
        }
      };
      const sizeOf = ({ size }: S3Object) => (size > HUGE_BYTES ? "huge" : "small");
      const { huge = [], small = [] } = Object.groupBy(await list(signal), sizeOf);
      await Promise.all([inParallel(CONCURRENCY, small, read), inParallel(1, huge, read)]);
      const isStrict = pollingInterval !== undefined && failures < MAX_STRICT_FAILURES;
      if (failed[0] !== undefined && (isStrict || failed.length >= MAX_UNREAD)) throw failed[0][1];
      for (const [path, error] of failed) apply(path, unreadable(error.received));
      if (!hasMoved || left === 1) return failed.length === 0;
    }
  }

  function nextScanIn(): number {
    const interval = (pollingInterval ?? 0) * 1000;
    if (failures === 0) return interval * (1 - JITTER * Math.random());
    const longest = hasBeenRead ? interval : Math.min(interval, LONGEST_FIRST_RETRY_MS);
    return Math.min(longest, RETRY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  }

  return {
    rootPath,
    patience: PATIENCE_MS,
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
      // What was read of an unavailable bucket is not served before the rest is known.
      const paths = isRead ? dirtyPaths.add(rootPath) : [rootPath];
      if (isRead) dirtyPaths = new Set();
      return { isRead, dirtyPaths: paths, scanAllIn: nextScanIn() };
    },
    stateOf: (path, last) => {
      if (path === rootPath)
        return fault === undefined ? NOTHING : { ...NOTHING, fault: { faults: [fault], servesLastGood: hasBeenRead } };
      const object = objects.get(path);
      return object === undefined ? NOTHING : stateOfContent(last(path), object);
    },
  };
}
