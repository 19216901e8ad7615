import { parseS3Address } from "../s3/address.ts";
import type { S3Access } from "../s3/connection.ts";
import { BUCKET_PATIENCE_MS, createBucket } from "./bucket/bucket.ts";
import { createDirectory } from "./directory/directory.ts";
import { type Following, follow, type ScannedSource, type Store } from "./follow.ts";
import { createSnapshots, type Snapshot } from "./snapshots.ts";

export type { Store };

interface StoreOptions extends Following {
  /** A directory, or a place in a bucket: `s3://<bucket>/<prefix>`. */
  readonly dataDir: string;
  /** Access to the bucket; without it, `dataDir` is a directory. */
  readonly s3?: S3Access | undefined;
  /** Whether the file system is asked to report changes; true by default. */
  readonly watch?: boolean;
}

const bucketAddress = (dataDir: string, s3: S3Access | undefined) =>
  s3 === undefined ? undefined : parseS3Address(dataDir);

/**
 * Opens redirect files.
 *
 * @returns when they have been read for the first time, or can't be read yet
 * @throws the reason of `signal`, when that ends the first load
 */
export function openStore(options: StoreOptions): Promise<Store> {
  const { dataDir, s3, pollingInterval, log, watch = true } = options;
  const address = bucketAddress(dataDir, s3);
  if (s3 !== undefined && address !== undefined) {
    const isStrict = true;
    return follow(() => createBucket({ address, access: s3, pollingInterval, isStrict }), options, BUCKET_PATIENCE_MS);
  }
  const watchOptions = (scanPending: () => void) => ({
    scanPending,
    onTrouble: (code: string) =>
      log.warn("the file system can't report all changes; they are found by polling", { code, pollingInterval }),
  });
  return follow(
    (scanPending) => createDirectory(dataDir, pollingInterval, watch ? watchOptions(scanPending) : undefined),
    options,
  );
}

/** Reads redirect files once. */
export async function readDirectoryOnce(dataDir: string, s3?: S3Access): Promise<Snapshot> {
  const address = bucketAddress(dataDir, s3);
  const source: ScannedSource =
    s3 !== undefined && address !== undefined
      ? createBucket({ address, access: s3, pollingInterval: 0, isStrict: false })
      : createDirectory(dataDir, 0);
  await source.scan(true, new AbortController().signal);
  const snapshots = createSnapshots(source);
  await snapshots.next();
  return snapshots.current();
}
