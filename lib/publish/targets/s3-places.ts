/** Publishing into a bucket. */
import { lstat, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseS3Address, S3_PLACE } from "../../s3/address.ts";
import { connectS3 } from "../../s3/client.ts";
import { type S3Connection, s3Surroundings } from "../../s3/connection.ts";
import { takeLock } from "./lock.ts";
import type { Places } from "../publish.ts";
import { PublishError } from "../publish-error.ts";
import { sha256 } from "../sources/reading.ts";
import { s3Target } from "./bucket.ts";
import type { Target } from "./target.ts";

/**
 * How to reach the server that is published to.
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

/**
 * Opens a directory of a bucket, after asking for it: a bucket that is missing, or keys that are wrong, are told of
 * before anything else is done.
 *
 * @param place as `s3://bucket/prefix`
 * @throws {PublishError} when it names no bucket
 * @throws {S3Error} when the server refuses or can't be reached
 */
export async function openS3Target(place: string, connection: S3Connection): Promise<Target> {
  const address = parseS3Address(place);
  if (address === undefined) throw new PublishError(`${place}: expected ${S3_PLACE}`);
  const s3 = connectS3(connection, address.bucket);
  await s3({ method: "GET", key: "", query: { "list-type": "2", prefix: address.prefix, "max-keys": "1" } });
  return s3Target(s3, address);
}

/** A directory of this user alone: others could otherwise give us layers of theirs. */
async function ownDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const status = await lstat(path);
  const isOurs = status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
  if (isOurs) return path;
  throw new PublishError(`${path}: expected a directory that only this user may write to`);
}

interface S3Options {
  /** The directory of all repositories' content, as `s3://bucket/prefix`. */
  readonly content: string;
  readonly metadata: Target;
  readonly repository: string;
  readonly connection: S3Connection;
  readonly isDryRun: boolean;
}

/**
 * Opens a bucket for one publish. S3 has no locks: two publishes into one repository from this machine exclude each
 * other, those from several machines are for their operators to keep apart.
 *
 * @throws {PublishError} when another publish into the repository is under way
 * @throws {S3Error} when the server refuses
 */
export async function inS3Places(options: S3Options, work: (places: Places) => Promise<void>): Promise<void> {
  const place = `${options.content.replace(/\/+$/, "")}/${options.repository}`;
  const content = await openS3Target(place, options.connection);
  const now = () => Math.floor(Date.now() / 1000);
  if (options.isDryRun) return await work({ content, metadata: options.metadata, scratch: undefined, now });
  const mine = await ownDirectory(join(tmpdir(), `craned-${process.getuid?.() ?? 0}`));
  const own = await ownDirectory(join(mine, sha256(`${options.connection.endpoint ?? ""} ${place}`)));
  const scratch = join(own, "scratch");
  const lock = takeLock(join(own, "lock"), place);
  try {
    // What a publish that was killed left half done.
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch);
    await work({ content, metadata: options.metadata, scratch, now });
    await rm(scratch, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
