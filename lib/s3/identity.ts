/** The key and the region of requests, where neither settings nor a pair of variables give them. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { plain } from "../core/redirect-file/fault.ts";
import type { S3Connection, S3Keys } from "./connection.ts";
import { S3Error } from "./s3-error.ts";

/** The key and the region that requests are signed with. */
export interface S3Identity {
  readonly region: string;
  /** Undefined where requests are not signed. */
  readonly keys: S3Keys | undefined;
}

const USUAL_REGION = "us-east-1";

/** Variables that name a place of credentials: to go on without any would hide that they can't be read. */
const SOURCES = [
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];
const METADATA_ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const FILES = [
  ["AWS_SHARED_CREDENTIALS_FILE", "credentials"],
  ["AWS_CONFIG_FILE", "config"],
] as const;

/** Time until missing keys are looked for again, in ms: a machine's metadata may come late. */
const RETRY_MS = 60_000;
const NOT_FOUND = "Could not load credentials from any providers";

const isSet = (variable: string): boolean => (process.env[variable] ?? "") !== "";
const isAmazon = (endpoint: string | undefined): boolean =>
  endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);

/** Looks for keys in AWS's standard places, and again before they expire. */
async function createKeyFinder(bucket: string): Promise<() => Promise<S3Keys | undefined>> {
  const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
  const provide = fromNodeProviderChain({ ignoreCache: true });
  let anonymousUntil = 0;
  return async () => {
    if (Date.now() < anonymousUntil) return undefined;
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = await provide();
      return { accessKeyId, secretAccessKey, sessionToken };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const source = SOURCES.find(isSet);
      if (source === undefined && why === NOT_FOUND) {
        anonymousUntil = Date.now() + RETRY_MS;
        return undefined;
      }
      const received = `no keys (${plain(why)}${source === undefined ? "" : `; ${source} is set`})`;
      throw new S3Error(`s3://${bucket}: ${received}`, { received, status: undefined, passes: false });
    }
  };
}

async function profileRegion(): Promise<string> {
  const { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } = await import(
    "@smithy/core/config"
  );
  // The variables were read before, where an empty one is none.
  const options = {
    ...NODE_REGION_CONFIG_OPTIONS,
    environmentVariableSelector: () => undefined,
    default: USUAL_REGION,
  };
  return await loadConfig<string>(options, NODE_REGION_CONFIG_FILE_OPTIONS)();
}

/**
 * Prepares to find out a connection's key and region: from the connection, else from where AWS's tools find them. These
 * are the profile of AWS's files, a web identity, and the metadata of the container or of the machine. A machine's is
 * asked for on Amazon's servers only, since others can't know its key, and asking takes seconds where there is none.
 *
 * AWS's code for that is large, and loaded only where one of these places may have something.
 *
 * @returns the identity of the next request. @throws {S3Error} when a place that has credentials can't be read
 */
export function createIdentity({ endpoint, region, keys }: S3Connection, bucket: string): () => Promise<S3Identity> {
  const hasFile = FILES.some(([variable, name]) => existsSync(process.env[variable] || join(homedir(), ".aws", name)));
  const hasSource = hasFile || SOURCES.some(isSet) || isSet(METADATA_ENDPOINT);
  const isElsewhere = keys === undefined && (hasSource || isAmazon(endpoint));
  let finder: Promise<() => Promise<S3Keys | undefined>> | undefined;
  let regionFound: Promise<string> | undefined;
  return async () => {
    if (isElsewhere) finder ??= createKeyFinder(bucket);
    if (region === undefined && hasSource) regionFound ??= profileRegion();
    return { region: region ?? (await regionFound) ?? USUAL_REGION, keys: keys ?? (await (await finder)?.()) };
  };
}
