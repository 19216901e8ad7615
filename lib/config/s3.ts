import { isS3, parseS3Address } from "../s3/address.ts";
import { type S3Access, SECRET_VARIABLES, s3Surroundings } from "../s3/connection.ts";
import * as kinds from "./kinds.ts";
import { quote } from "./problem.ts";
import { type SectionReader, valuesOf } from "./reading.ts";
import { optional, type Setting, setting } from "./setting.ts";

const MAX_TIMEOUT_SECONDS = 3600;

/** The section of the S3 server. */
export const S3_SETTINGS = {
  endpoint: optional(
    "s3.endpoint",
    kinds.httpUrl(),
    "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's",
    "URL of the S3 server of the bucket in general.data_dir",
  ),
  region: optional(
    "s3.region",
    kinds.region,
    "AWS_REGION, AWS_DEFAULT_REGION, the profile's, or us-east-1",
    "Region of the bucket",
  ),
  timeout: setting(
    "s3.timeout",
    kinds.integer(1, MAX_TIMEOUT_SECONDS),
    "30",
    "Timeout of one request to the S3 server, in seconds",
  ),
};

/**
 * Reads how the bucket of redirect files is reached. Keys come from the environment, as for other S3 tools.
 *
 * @param dataDir the value of general.data_dir
 * @returns undefined when redirect files are in a directory
 */
export function readS3(
  { get, sourceOf, environment, report, warn }: SectionReader,
  dataDir: string,
): S3Access | undefined {
  // All are read wherever the files are, so that each fault is reported.
  const { timeout, ...choice } = valuesOf(S3_SETTINGS, get);
  if (!isS3(dataDir)) {
    for (const each of Object.values<Setting<unknown>>(S3_SETTINGS)) {
      const source = sourceOf(each);
      const expected = "general.data_dir to be in a bucket, or it is ignored";
      if (source !== undefined) warn({ source, key: each.name, expected, received: quote(dataDir) });
    }
    return undefined;
  }
  const { connection, badEndpoint, regionVariable, missingKeys } = s3Surroundings(choice, environment);
  const { expected, parse } = kinds.visible;
  for (const name of SECRET_VARIABLES) {
    // A line break that came with the key would otherwise be found by the server only, and late.
    if ((environment[name] ?? "") === "" || parse(environment[name] ?? "") !== undefined) continue;
    report({ source: { kind: "environment", name }, expected, received: "a value that is not shown" });
  }
  const reportVariable = (name: string, setting: Setting<unknown>, value: string): void => {
    const { name: key, expected } = setting;
    if (setting.parse(value) === undefined)
      report({ source: { kind: "environment", name }, key, expected, received: quote(value) });
  };
  if (badEndpoint?.variable !== undefined)
    reportVariable(badEndpoint.variable, S3_SETTINGS.endpoint, badEndpoint.value);
  if (regionVariable !== undefined) reportVariable(regionVariable, S3_SETTINGS.region, connection.region ?? "");
  const [missing] = missingKeys;
  if (missing !== undefined) {
    const expected = "a value, as the other half of the key has one";
    report({ source: { kind: "environment", name: missing }, expected, received: "nothing" });
  }
  return { connection, timeout };
}

/** The place of redirect files. Text that begins with `s3:` is never a directory, so typing errors are reported. */
export const dataPlace: kinds.Kind<string> = {
  ...kinds.path,
  expected: "a path, or s3://bucket/prefix",
  parse: (text) => {
    const path = kinds.path.parse(text);
    if (path === undefined || !/^s3:/i.test(path)) return path;
    const address = parseS3Address(path);
    return address === undefined ? undefined : `s3://${address.bucket}/${address.prefix}`.replace(/\/$/, "");
  },
};
