import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Signer } from "../core/location/location.ts";
import { MAX_S3_TTL } from "../core/location/s3.ts";
import { type ConfigProblem, quote, type Source } from "./problem.ts";
import type { ReadFile } from "./read-file.ts";
import { SETTINGS } from "./schema.ts";
import type { Setting } from "./setting.ts";

const { cdn } = SETTINGS;

/** What each way of signing can't do without. */
const NEEDED = {
  akamai: [cdn.urlAuthSecret],
  cloudfront: [cdn.cloudfrontKeyPairId, cdn.cloudfrontPrivateKey],
  s3: [cdn.s3Region, cdn.s3AccessKeyId, cdn.s3SecretAccessKey],
} as const;

type Way = Signer["kind"];

const WAYS: readonly Way[] = ["akamai", "cloudfront", "s3"];

/** What the settings say, and where they were given. */
interface SignerSettings {
  /** The value of one setting; one in error has been told of. */
  readonly get: <Value>(setting: Setting<Value>) => Value;
  /** Where a setting was given, if it was. */
  readonly sourceOf: (setting: Setting<unknown>) => Source | undefined;
  readonly readFile: ReadFile;
}

/** How v2 URLs are signed, if they are, and all that speaks against it. */
interface SignerFound {
  readonly signer: Signer | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Settings of ways that were not chosen. */
function ignored(chosen: Way | undefined, { sourceOf }: SignerSettings): readonly ConfigProblem[] {
  return WAYS.filter((way) => way !== chosen).flatMap((way) =>
    NEEDED[way].flatMap((setting) => {
      const source = sourceOf(setting);
      const expected = `${cdn.signer.name} to be ${way}, or it is ignored`;
      return source === undefined ? [] : [{ source, key: setting.name, expected, received: chosen ?? "nothing" }];
    }),
  );
}

function missing(chosen: Way, { sourceOf }: SignerSettings): readonly ConfigProblem[] {
  const source = sourceOf(cdn.signer);
  if (source === undefined) return [];
  return NEEDED[chosen]
    .filter((setting) => sourceOf(setting) === undefined)
    .map(({ name, expected }) => {
      const why = `since ${cdn.signer.name} is ${chosen}`;
      return { source, key: name, expected: `${expected}, ${why}`, received: "nothing" };
    });
}

function tooLong(ttl: number, { sourceOf }: SignerSettings): readonly ConfigProblem[] {
  const source = sourceOf(cdn.urlAuthTtl);
  if (source === undefined || ttl <= MAX_S3_TTL) return [];
  const expected = `a whole number from 1 to ${MAX_S3_TTL}, since ${cdn.signer.name} is s3`;
  return [{ source, key: cdn.urlAuthTtl.name, expected, received: quote(String(ttl)) }];
}

/** @returns undefined when the text is not the PEM of a private RSA key that needs no password */
function parseRsaKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    return undefined;
  }
}

function readRsaKey(path: string, readFile: ReadFile): KeyObject | { readonly received: string } {
  const content = readFile(path);
  if (content.kind === "missing") return { received: `${quote(path)}: there is no such file` };
  if (content.kind === "unreadable") return { received: `${quote(path)}: ${content.reason}` };
  return parseRsaKey(content.text) ?? { received: `${quote(path)}: there is something else in it` };
}

function cloudFrontKey(path: string, { sourceOf, readFile }: SignerSettings) {
  const key = readRsaKey(path, readFile);
  const source = sourceOf(cdn.cloudfrontPrivateKey);
  if (!("received" in key)) return { key, problems: [] };
  const expected = "a PEM file with a private RSA key that needs no password";
  const problem = { key: cdn.cloudfrontPrivateKey.name, expected, ...key };
  return { problems: source === undefined ? [] : [{ source, ...problem }] };
}

/** The values of all the settings: each is asked for whatever was chosen, so that each fault is told. */
function valuesOf({ get }: SignerSettings) {
  return {
    ttl: get(cdn.urlAuthTtl),
    secret: get(cdn.urlAuthSecret),
    param: get(cdn.urlAuthParam),
    algo: get(cdn.urlAuthAlgo),
    keyPairId: get(cdn.cloudfrontKeyPairId),
    keyPath: get(cdn.cloudfrontPrivateKey),
    region: get(cdn.s3Region),
    accessKeyId: get(cdn.s3AccessKeyId),
    secretAccessKey: get(cdn.s3SecretAccessKey),
    sessionToken: get(cdn.s3SessionToken),
  };
}

type Values = ReturnType<typeof valuesOf>;

function akamaiOf({ secret, ttl, param, algo }: Values): Signer | undefined {
  return secret === undefined ? undefined : { kind: "akamai", secret, ttl, param, algo };
}

function s3Of({ region, accessKeyId, secretAccessKey, sessionToken, ttl }: Values): Signer | undefined {
  if (region === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { kind: "s3", region, accessKeyId, secretAccessKey, sessionToken, ttl };
}

/**
 * Finds out how URLs are signed. A key in a file is read here, so that whoever has the configuration can use it.
 *
 * @see spec "Configuration"
 */
export function findSigner(settings: SignerSettings): SignerFound {
  const { get, sourceOf } = settings;
  const chosen = get(cdn.signer) ?? (sourceOf(cdn.urlAuthSecret) === undefined ? undefined : "akamai");
  const values = valuesOf(settings);
  const warnings = ignored(chosen, settings);
  if (chosen === undefined) return { signer: undefined, problems: [], warnings };
  const problems = missing(chosen, settings);
  const { ttl, keyPairId, keyPath } = values;
  switch (chosen) {
    case "akamai":
      return { signer: akamaiOf(values), problems, warnings };
    case "s3":
      return { signer: s3Of(values), problems: [...problems, ...tooLong(ttl, settings)], warnings };
    case "cloudfront": {
      if (keyPath === undefined) return { signer: undefined, problems, warnings };
      const { key, problems: ofKey } = cloudFrontKey(keyPath, settings);
      const isComplete = key !== undefined && keyPairId !== undefined;
      const signer = isComplete ? ({ kind: "cloudfront", keyPairId, privateKey: key, ttl } as const) : undefined;
      return { signer, problems: [...problems, ...ofKey], warnings };
    }
  }
}
