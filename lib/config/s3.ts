import { isS3, parseS3Address } from "../s3/address.ts";
import { type S3Access, SECRET_VARIABLES, s3Surroundings } from "../s3/connection.ts";
import * as kinds from "./kinds.ts";
import { type ConfigProblem, quote, type Source } from "./problem.ts";
import { optional, type Setting, setting } from "./setting.ts";

const MAX_TIMEOUT_SECONDS = 3600;

/** The section of the S3 server in the table of settings. */
export const S3_SETTINGS = {
  endpoint: optional(
    "s3.endpoint",
    kinds.httpUrl(),
    "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's",
    "URL of the S3 server that has the bucket of general.data_dir",
  ),
  region: optional("s3.region", kinds.region, "AWS_REGION, AWS_DEFAULT_REGION, or us-east-1", "Its region"),
  timeout: setting(
    "s3.timeout",
    kinds.integer(1, MAX_TIMEOUT_SECONDS),
    "30",
    "Seconds that one request to it may take",
  ),
} as const;

interface S3Sources {
  /** The value of one setting; one in error has been told of. */
  readonly get: <Value>(setting: Setting<Value>) => Value;
  /** Where a setting was given, if it was. */
  readonly sourceOf: (setting: Setting<unknown>) => Source | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The value of general.data_dir. */
  readonly dataDir: string;
}

interface S3Found {
  /** Undefined when redirect files are in a directory. */
  readonly s3: S3Access | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

function ignored({ sourceOf, dataDir }: S3Sources): readonly ConfigProblem[] {
  return Object.values<Setting<unknown>>(S3_SETTINGS).flatMap((each) => {
    const source = sourceOf(each);
    const expected = "general.data_dir to be in a bucket, or it is ignored";
    return source === undefined ? [] : [{ source, key: each.name, expected, received: quote(dataDir) }];
  });
}

/** A line's end that came into a variable with the key would be found out by the server only, and late. */
function unusableKeys(environment: S3Sources["environment"]): readonly ConfigProblem[] {
  const { expected, parse } = kinds.visible;
  return SECRET_VARIABLES.filter((name) => {
    const value = environment[name] ?? "";
    return value !== "" && parse(value) === undefined;
  }).map((name) => ({ source: { kind: "environment", name }, expected, received: "a value that is not shown" }));
}

/** Finds out how the bucket is reached. Keys come from the environment alone, as all tools for S3 have them there. */
export function findS3(sources: S3Sources): S3Found {
  const { get, environment, dataDir } = sources;
  // Each is asked for wherever the files are, so that each fault is told.
  const choice = { endpoint: get(S3_SETTINGS.endpoint), region: get(S3_SETTINGS.region) };
  const timeout = get(S3_SETTINGS.timeout);
  if (!isS3(dataDir)) return { s3: undefined, problems: [], warnings: ignored(sources) };
  const { connection, badEndpoint, regionVariable, missingKeys } = s3Surroundings(choice, environment);
  const problems: ConfigProblem[] = [...unusableKeys(environment)];
  if (badEndpoint?.variable !== undefined) {
    const { name: key, expected } = S3_SETTINGS.endpoint;
    const source = { kind: "environment", name: badEndpoint.variable } as const;
    problems.push({ source, key, expected, received: quote(badEndpoint.value) });
  }
  if (regionVariable !== undefined && S3_SETTINGS.region.parse(connection.region) === undefined) {
    const { name: key, expected } = S3_SETTINGS.region;
    const source = { kind: "environment", name: regionVariable } as const;
    problems.push({ source, key, expected, received: quote(connection.region) });
  }
  const [missing, neither] = missingKeys;
  if (missing !== undefined && neither === undefined) {
    const expected = "a value, as the other half of the key has one";
    problems.push({ source: { kind: "environment", name: missing }, expected, received: "nothing" });
  }
  return { s3: { connection, timeout }, problems, warnings: [] };
}

/** Where redirect files are. What begins like an address is none of a directory, so that a slip is not searched for. */
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
