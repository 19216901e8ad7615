import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Signer } from "../location/location.ts";
import { MAX_S3_TTL } from "../location/s3.ts";
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

type Kind = Signer["kind"];

const KINDS: readonly Kind[] = ["akamai", "cloudfront", "s3"];

/** What the settings say of signing, and where they were given. */
export interface SignerSettings {
  /** The value of one setting; one in error has been told of. */
  readonly get: <Value>(setting: Setting<Value>) => Value;
  /** Where a setting was given, if it was. */
  readonly sourceOf: (setting: Setting<unknown>) => Source | undefined;
  readonly readFile: ReadFile;
}

/** How v2 URLs are signed, if they are, or why that can't be told. */
export interface SignerFound {
  readonly signer: Signer | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

const NOTHING: SignerFound = { signer: undefined, problems: [], warnings: [] };

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
  return parseRsaKey(content.text) ?? { received: `${quote(path)}, which holds something else` };
}

/** Each way's own settings where that way was not chosen: nobody gives a key for nothing. */
function ignored(chosen: Kind | undefined, { sourceOf }: SignerSettings): readonly ConfigProblem[] {
  return KINDS.filter((kind) => kind !== chosen).flatMap((kind) =>
    NEEDED[kind].flatMap((setting) => {
      const source = sourceOf(setting);
      if (source === undefined) return [];
      const expected = `${cdn.signer.name} to be ${kind}, or it is ignored`;
      return [{ source, key: setting.name, expected, received: chosen ?? "nothing" }];
    }),
  );
}

function missing(chosen: Kind, { sourceOf }: SignerSettings): readonly ConfigProblem[] {
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
  const { name } = cdn.urlAuthTtl;
  const source = sourceOf(cdn.urlAuthTtl);
  if (source === undefined || ttl <= MAX_S3_TTL) return [];
  const expected = `a whole number from 1 to ${MAX_S3_TTL}, since ${cdn.signer.name} is s3`;
  return [{ source, key: name, expected, received: quote(String(ttl)) }];
}

function akamaiSigner(ttl: number, { get }: SignerSettings): Signer | undefined {
  const secret = get(cdn.urlAuthSecret);
  const token = { param: get(cdn.urlAuthParam), algo: get(cdn.urlAuthAlgo) };
  return secret === undefined ? undefined : { kind: "akamai", secret, ttl, ...token };
}

function s3Signer(ttl: number, { get }: SignerSettings): Signer | undefined {
  const region = get(cdn.s3Region);
  const accessKeyId = get(cdn.s3AccessKeyId);
  const secretAccessKey = get(cdn.s3SecretAccessKey);
  const sessionToken = get(cdn.s3SessionToken);
  if (region === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { kind: "s3", region, accessKeyId, secretAccessKey, sessionToken, ttl };
}

/** @returns the signer but for its key, and where the key is */
function cloudFrontSettings({ get }: SignerSettings) {
  return { keyPairId: get(cdn.cloudfrontKeyPairId), path: get(cdn.cloudfrontPrivateKey) };
}

type CloudFront = ReturnType<typeof cloudFrontSettings>;

function cloudFrontSigner(ttl: number, { keyPairId, path }: CloudFront, settings: SignerSettings): SignerFound {
  const source = settings.sourceOf(cdn.cloudfrontPrivateKey);
  if (path === undefined || source === undefined) return NOTHING;
  const privateKey = readRsaKey(path, settings.readFile);
  if ("received" in privateKey) {
    const expected = "a PEM file of a private RSA key that needs no password";
    return { ...NOTHING, problems: [{ source, key: cdn.cloudfrontPrivateKey.name, expected, ...privateKey }] };
  }
  return keyPairId === undefined ? NOTHING : { ...NOTHING, signer: { kind: "cloudfront", keyPairId, privateKey, ttl } };
}

/**
 * Finds out how URLs are signed. A key in a file is read here, so that whoever reads the configuration knows that it
 * can be used.
 *
 * @see spec "Configuration"
 */
export function findSigner(settings: SignerSettings): SignerFound {
  const { get, sourceOf } = settings;
  const chosen = get(cdn.signer) ?? (sourceOf(cdn.urlAuthSecret) === undefined ? undefined : "akamai");
  const ttl = get(cdn.urlAuthTtl);
  // All are read whatever was chosen, so that each fault is told.
  const akamai = akamaiSigner(ttl, settings);
  const s3 = s3Signer(ttl, settings);
  const cloudFront = cloudFrontSettings(settings);
  const warnings = ignored(chosen, settings);
  switch (chosen) {
    case undefined:
      return { ...NOTHING, warnings };
    case "akamai":
      return { signer: akamai, problems: missing(chosen, settings), warnings };
    case "s3":
      return { signer: s3, problems: [...missing(chosen, settings), ...tooLong(ttl, settings)], warnings };
    case "cloudfront": {
      const { signer, problems } = cloudFrontSigner(ttl, cloudFront, settings);
      return { signer, problems: [...missing(chosen, settings), ...problems], warnings };
    }
  }
}
