/** Where to publish: directories and buckets, in any combination. */
import { isS3 } from "../../s3/address.ts";
import type { S3Connection } from "../../s3/connection.ts";
import { inLocalPlaces, metadataDirectory } from "./local-places.ts";
import type { Places } from "../publish.ts";
import { inS3Places, openS3Target } from "./s3-places.ts";

interface PlaceOptions {
  /** All repositories' content: a directory, or `s3://bucket/prefix`. */
  readonly content: string;
  /** All redirect files: a directory, or `s3://bucket/prefix`. */
  readonly metadata: string;
  readonly repository: string;
  /** Whether blobs in a directory may be hard links to the source's files. */
  readonly mayLink: boolean;
  readonly isDryRun: boolean;
  /** Asked for when one of the places is a bucket. */
  readonly connection: () => S3Connection;
}

/**
 * Opens both places for one publish, holding the repository's lock all along; a dry run takes and makes nothing.
 *
 * @throws {PublishError} when another publish into the repository is under way, or a place can't be used
 */
export async function inPlaces(options: PlaceOptions, work: (places: Places) => Promise<void>): Promise<void> {
  const { content, repository, mayLink, isDryRun, connection } = options;
  const metadata = isS3(options.metadata)
    ? await openS3Target(options.metadata, connection())
    : metadataDirectory(options.metadata);
  const common = { content, metadata, repository, isDryRun };
  if (isS3(content)) return await inS3Places({ ...common, connection: connection() }, work);
  return await inLocalPlaces({ ...common, mayLink }, work);
}
