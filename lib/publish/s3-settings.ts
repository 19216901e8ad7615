import { PublishError } from "./publish-error.ts";
import type { S3Address, S3Connection } from "./s3-client.ts";

/** What the command line says of the server; what it leaves out is looked for in the environment. */
export interface S3Flags {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a place is in a bucket, and not a directory. */
export const isS3 = (place: string): boolean => place.startsWith("s3://");

/** @throws {PublishError} when there is no name of a bucket */
export function parseS3Address(place: string): S3Address {
  const [, bucket = "", path = ""] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,62})(?:\/(.*))?$/i.exec(place) ?? [];
  const parts = path.split("/").filter((part) => part !== "");
  if (bucket !== "" && !parts.some((part) => part === "." || part === "..")) {
    return { bucket, prefix: parts.map((part) => `${part}/`).join("") };
  }
  throw new PublishError(`${place}: expected s3://<bucket> or s3://<bucket>/<prefix>`);
}

/**
 * How to reach the server: from flags, and from the variables that all tools for S3 read. Files of profiles are not
 * read; `aws configure export-credentials --format env` makes variables of them.
 *
 * @throws {PublishError} naming what is missing or wrong
 */
export function s3ConnectionOf(flags: S3Flags, environment: Environment): S3Connection {
  const given = (...names: readonly string[]) =>
    names.map((each) => environment[each]).find((each) => (each ?? "") !== "");
  const endpoint = flags.endpoint ?? given("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  if (endpoint !== undefined && (!/^https?:\/\/[^/?#]/i.test(endpoint) || !URL.canParse(endpoint))) {
    throw new PublishError(
      `the S3 endpoint: expected an absolute http or https URL, received ${JSON.stringify(endpoint)}`,
    );
  }
  const must = (variable: string): string => {
    const value = given(variable);
    if (value === undefined) throw new PublishError(`publishing to S3 needs keys: ${variable} is not set`);
    return value;
  };
  return {
    endpoint,
    region: flags.region ?? given("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1",
    accessKeyId: must("AWS_ACCESS_KEY_ID"),
    secretAccessKey: must("AWS_SECRET_ACCESS_KEY"),
    sessionToken: given("AWS_SESSION_TOKEN"),
  };
}
