/** The destinations of a publish: directories and buckets, in any combination. */
import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { isS3, parseS3Address, S3_PLACE } from "../../s3/address.ts";
import { connectS3 } from "../../s3/client.ts";
import { type S3Connection, s3Surroundings } from "../../s3/connection.ts";
import { PublishError } from "../publish-error.ts";
import { sha256 } from "../sources/reading.ts";
import { OWN_DIRECTORY } from "../state.ts";
import { s3Target } from "./bucket.ts";
import { directoryTarget } from "./directory.ts";
import { takeLock } from "./lock.ts";
import { type Target, untouched } from "./target.ts";

/** The destinations of one publish. */
export interface Places {
  /** The directory of this repository alone. */
  readonly content: Target;
  /** The directory of blobs that all repositories share; undefined where each has its own. */
  readonly pool: Target | undefined;
  /** The directory of all redirect files. */
  readonly metadata: Target;
  /** A directory of this machine for large temporary files, which the caller empties; undefined in a dry run. */
  readonly scratch: string | undefined;
}

interface PlaceOptions {
  /** All repositories' content: a directory, or `s3://bucket/prefix`. */
  readonly content: string;
  /** All redirect files: a directory, or `s3://bucket/prefix`. */
  readonly metadata: string;
  /** The blobs of all repositories: a directory, or `s3://bucket/prefix`. */
  readonly pool: string | undefined;
  readonly repository: string;
  /** Whether blobs in a directory may be hard links to files of the source and of other repositories. */
  readonly mayLink: boolean;
  readonly isDryRun: boolean;
  /** Asked for when one of the places is a bucket. */
  readonly connection: () => S3Connection;
}

/** A place that no other publish writes to at the same time. */
interface Opened {
  readonly target: Target;
  readonly scratch: string | undefined;
  readonly close: (isDone: boolean) => Promise<void>;
}

/**
 * Returns the connection to the S3 server.
 *
 * @throws {PublishError} naming what is missing or wrong
 */
export function s3ConnectionOf(...given: Parameters<typeof s3Surroundings>): S3Connection {
  const { connection, badEndpoint, missingKeys } = s3Surroundings(...given);
  if (badEndpoint !== undefined) {
    const received = JSON.stringify(badEndpoint.value);
    throw new PublishError(`the S3 endpoint: expected an absolute http or https URL, received ${received}`);
  }
  const [missing] = missingKeys;
  if (missing !== undefined) throw new PublishError(`publishing to S3 needs keys: ${missing} is not set`);
  return connection;
}

/** Opens a bucket, and reports a missing one or wrong keys before anything else is done. */
async function openBucket(place: string, connection: S3Connection): Promise<Target> {
  const address = parseS3Address(place);
  if (address === undefined) throw new PublishError(`${place}: expected ${S3_PLACE}`);
  const s3 = connectS3(connection, address.bucket);
  await s3({ method: "GET", key: "", query: { "list-type": "2", prefix: address.prefix, "max-keys": "1" } });
  return s3Target(s3, address);
}

/**
 * Opens a directory or a bucket without a lock, for redirect files and for what is only read.
 *
 * @throws {PublishError} when it names no bucket
 * @throws {S3Error} when the server refuses or can't be reached
 */
export async function openPlace(place: string, connection: () => S3Connection): Promise<Target> {
  if (isS3(place)) return await openBucket(place, connection());
  const partialOf = (path: string) => join(dirname(path), `.${basename(path)}.partial`);
  return directoryTarget(resolve(place), { partialOf, mayLink: false });
}

/** The repositories beside one, as publishing made them. */
async function siblingsOf(root: string): Promise<readonly string[]> {
  const above = dirname(root);
  const names = (await readdir(above).catch(() => [])).filter((name) => join(above, name) !== root);
  const status = await Promise.all(names.map((name) => lstat(join(above, name, OWN_DIRECTORY)).catch(() => undefined)));
  return names.filter((_, at) => status[at]?.isDirectory() === true).map((name) => join(above, name));
}

async function openDirectory(root: string, { mayLink, isDryRun }: PlaceOptions): Promise<Opened> {
  const own = join(root, OWN_DIRECTORY);
  const scratch = join(own, "scratch");
  let siblings: Promise<readonly string[]> | undefined;
  const target = directoryTarget(root, {
    partialOf: (path) => join(OWN_DIRECTORY, "partial", path.replaceAll("/", "_")),
    mayLink,
    ...(mayLink && { siblings: () => (siblings ??= siblingsOf(root)) }),
  });
  if (isDryRun) return { target: untouched(target), scratch: undefined, close: async () => {} };
  const lock = takeLock(join(own, "lock"), root);
  const clear = async () => {
    await rm(join(own, "partial"), { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  };
  const close = async (isDone: boolean) => {
    if (isDone) await clear();
    lock.release();
  };
  try {
    // A killed publish may have left partial files.
    await clear();
    await mkdir(scratch, { recursive: true });
    return { target, scratch, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A directory of this user alone: others could otherwise give us layers of theirs. */
async function ownDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const status = await lstat(path);
  const isOurs = status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
  if (isOurs) return path;
  throw new PublishError(`${path}: expected a directory that only this user may write to`);
}

/**
 * S3 has no locks: two publishes into one repository from this machine exclude each other, those from several machines
 * are for their operators to keep apart.
 */
async function openLockedBucket(place: string, { connection, isDryRun }: PlaceOptions): Promise<Opened> {
  const target = await openBucket(place, connection());
  if (isDryRun) return { target: untouched(target), scratch: undefined, close: async () => {} };
  const mine = await ownDirectory(join(tmpdir(), `craned-${process.getuid?.() ?? 0}`));
  const own = await ownDirectory(join(mine, sha256(`${connection().endpoint ?? ""} ${place}`)));
  const scratch = join(own, "scratch");
  const lock = takeLock(join(own, "lock"), place);
  try {
    // A killed publish may have left partial files.
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch);
  } catch (error) {
    lock.release();
    throw error;
  }
  const close = async (isDone: boolean) => {
    if (isDone) await rm(scratch, { recursive: true, force: true });
    lock.release();
  };
  return { target, scratch, close };
}

const open = (place: string, options: PlaceOptions): Promise<Opened> =>
  isS3(place) ? openLockedBucket(place.replace(/\/+$/, ""), options) : openDirectory(resolve(place), options);

/**
 * Opens all places for one publish, holding the locks of the repository and of the pool all along; a dry run takes
 * none, and changes nothing.
 *
 * @throws {PublishError} when another publish into one of them is under way, or a place can't be used
 * @throws {S3Error} when the server refuses
 */
export async function inPlaces(options: PlaceOptions, work: (places: Places) => Promise<void>): Promise<void> {
  const { repository, connection, isDryRun } = options;
  const metadata = await openPlace(options.metadata, connection);
  const content = await open(`${options.content.replace(/\/+$/, "")}/${repository}`, options);
  let pool: Opened | undefined;
  let isDone = false;
  try {
    pool = options.pool === undefined ? undefined : await open(options.pool, options);
    await work({
      content: content.target,
      pool: pool?.target,
      metadata: isDryRun ? untouched(metadata) : metadata,
      scratch: content.scratch,
    });
    isDone = true;
  } finally {
    await pool?.close(isDone);
    await content.close(isDone);
  }
}
