/** A directory in a bucket. */
export interface S3Address {
  readonly bucket: string;
  /** Empty, or with a final slash. */
  readonly prefix: string;
}

/** Whether a place is in a bucket, and not a directory. */
export const isS3 = (place: string): boolean => place.startsWith("s3://");

/** Completes "expected …" for such a place. */
export const S3_PLACE = "s3://<bucket> or s3://<bucket>/<prefix>";

/** @returns undefined when there is no name of a bucket, or the prefix goes up or nowhere */
export function parseS3Address(place: string): S3Address | undefined {
  const [, bucket = "", path = ""] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,62})(?:\/(.*))?$/i.exec(place) ?? [];
  const parts = path.split("/").filter((part) => part !== "");
  if (bucket === "" || parts.some((part) => part === "." || part === "..")) return undefined;
  return { bucket, prefix: parts.map((part) => `${part}/`).join("") };
}
