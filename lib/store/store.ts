/** The door to redirect files, wherever they are. */
import { parseS3Address } from "../s3/address.ts";
import type { S3Access } from "../s3/connection.ts";
import { type BucketPlace, openBucket, readBucketOnce } from "./bucket-store.ts";
import { openDirectory, readDirectory } from "./directory.ts";
import type { Snapshot } from "./ledger.ts";
import type { Store, Watching } from "./store-options.ts";

export type { Store };

interface Place {
  /** A directory, or a place in a bucket. */
  readonly dataDir: string;
  /** How that bucket is reached; without, it is a directory. */
  readonly s3?: S3Access | undefined;
}

function bucketPlaceOf({ dataDir, s3 }: Place): BucketPlace | undefined {
  const address = s3 === undefined ? undefined : parseS3Address(dataDir);
  return s3 === undefined || address === undefined ? undefined : { address, access: s3 };
}

/**
 * Opens redirect files.
 *
 * @returns when they have been read for the first time, or can't be read yet
 */
export async function openStore(options: Place & Watching): Promise<Store> {
  const place = bucketPlaceOf(options);
  return place === undefined ? await openDirectory(options.dataDir, options) : await openBucket(place, options);
}

/** Reads redirect files once, watching nothing. */
export async function readDirectoryOnce(dataDir: string, s3?: S3Access): Promise<Snapshot> {
  const place = bucketPlaceOf({ dataDir, s3 });
  return place === undefined ? await readDirectory(dataDir) : await readBucketOnce(place);
}
