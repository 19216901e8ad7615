import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Cdn, Signer } from "../core/location/location.ts";
import { MAX_S3_TTL } from "../core/location/s3.ts";
import * as kinds from "./kinds.ts";
import { quote } from "./problem.ts";
import { type ReadTextFile, type SectionReader, valuesOf } from "./reading.ts";
import { optional, secret, setting } from "./setting.ts";

const MAX_TTL_SECONDS = 2_147_483_647;

const NO_CLOUDFRONT = "no CloudFront";
const NO_S3 = "no S3";

/** The section of the CDN in the table of settings. */
export const CDN_SETTINGS = {
  urlMatch: optional(
    "cdn.url_match",
    kinds.urlPart,
    "no URL is rewritten",
    "Text to replace wherever it occurs in a URL that a v2 client is redirected to",
  ),
  urlReplace: optional(
    "cdn.url_replace",
    kinds.urlPartBeforeQuery,
    "no URL is rewritten",
    "Replacement for cdn.url_match; both or neither",
  ),
  signer: optional(
    "cdn.signer",
    kinds.choice("akamai", "cloudfront", "s3"),
    "akamai with cdn.url_auth_secret, otherwise URLs are not signed",
    "How the URLs that v2 clients are redirected to are signed",
  ),
  urlAuthTtl: setting(
    "cdn.url_auth_ttl",
    kinds.integer(1, MAX_TTL_SECONDS),
    "300",
    "Lifetime of a signed URL, in seconds",
  ),
  urlAuthSecret: secret("cdn.url_auth_secret", kinds.hex, "no tokens", "Key of Akamai's tokens, in hexadecimal digits"),
  urlAuthParam: setting("cdn.url_auth_param", kinds.queryName, "_auth_", "Query parameter that holds Akamai's token"),
  urlAuthAlgo: setting("cdn.url_auth_algo", kinds.choice("sha256", "sha1", "md5"), "sha256", "Hash of Akamai's token"),
  cloudfrontKeyPairId: optional(
    "cdn.cloudfront_key_pair_id",
    kinds.alphanumeric,
    NO_CLOUDFRONT,
    "CloudFront's id of the public key",
  ),
  cloudfrontPrivateKey: optional(
    "cdn.cloudfront_private_key",
    kinds.path,
    NO_CLOUDFRONT,
    "PEM file with the private RSA key for cdn.cloudfront_key_pair_id",
  ),
  s3Region: optional("cdn.s3_region", kinds.region, NO_S3, "Region of the bucket"),
  s3AccessKeyId: optional(
    "cdn.s3_access_key_id",
    kinds.accessKeyId,
    NO_S3,
    "Id of an access key that may read the bucket",
  ),
  s3SecretAccessKey: secret("cdn.s3_secret_access_key", kinds.visible, NO_S3, "Secret for cdn.s3_access_key_id"),
  s3SessionToken: secret(
    "cdn.s3_session_token",
    kinds.visible,
    "permanent credentials",
    "Session token of temporary credentials",
  ),
};

/** The settings that each way of signing requires. */
const REQUIRED = {
  akamai: [CDN_SETTINGS.urlAuthSecret],
  cloudfront: [CDN_SETTINGS.cloudfrontKeyPairId, CDN_SETTINGS.cloudfrontPrivateKey],
  s3: [CDN_SETTINGS.s3Region, CDN_SETTINGS.s3AccessKeyId, CDN_SETTINGS.s3SecretAccessKey],
} as const;

type Way = Signer["kind"];

/** Warns of settings for ways of signing that were not chosen. */
function warnOfIgnored(chosen: Way | undefined, { sourceOf, warn }: SectionReader): void {
  for (const [way, settings] of Object.entries(REQUIRED)) {
    for (const setting of way === chosen ? [] : settings) {
      const source = sourceOf(setting);
      const expected = `${CDN_SETTINGS.signer.name} to be ${way}, or it is ignored`;
      if (source !== undefined) warn({ source, key: setting.name, expected, received: chosen ?? "nothing" });
    }
  }
}

function reportMissing(chosen: Way, { sourceOf, report }: SectionReader): void {
  const source = sourceOf(CDN_SETTINGS.signer);
  if (source === undefined) return;
  for (const setting of REQUIRED[chosen]) {
    const expected = `${setting.expected}, since ${CDN_SETTINGS.signer.name} is ${chosen}`;
    if (sourceOf(setting) === undefined) report({ source, key: setting.name, expected, received: "nothing" });
  }
}

/** @returns the key, or what is in its place */
function readRsaKey(path: string, readFile: ReadTextFile): KeyObject | string {
  const content = readFile(path);
  if (content.kind !== "text") return content.kind === "missing" ? "there is no such file" : content.reason;
  try {
    const key = createPrivateKey(content.text);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // Told below, as a key of another kind is.
  }
  return "there is something else in it";
}

/**
 * Reads how URLs are signed, the key in a file as well.
 *
 * @see spec "Configuration"
 */
function readSigner(reading: SectionReader): Signer | undefined {
  const { get, sourceOf, readFile, report } = reading;
  const chosen =
    get(CDN_SETTINGS.signer) ?? (sourceOf(CDN_SETTINGS.urlAuthSecret) === undefined ? undefined : "akamai");
  // All are read whatever was chosen, so that each fault is reported.
  const values = valuesOf(CDN_SETTINGS, get);
  const { urlAuthTtl: ttl } = values;
  warnOfIgnored(chosen, reading);
  if (chosen === undefined) return undefined;
  reportMissing(chosen, reading);
  switch (chosen) {
    case "akamai": {
      const { urlAuthSecret: secret, urlAuthParam: param, urlAuthAlgo: algo } = values;
      return secret === undefined ? undefined : { kind: "akamai", secret, ttl, param, algo };
    }
    case "s3": {
      const { s3Region: region, s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = values;
      const source = sourceOf(CDN_SETTINGS.urlAuthTtl);
      if (source !== undefined && ttl > MAX_S3_TTL) {
        const expected = `a whole number from 1 to ${MAX_S3_TTL}, since ${CDN_SETTINGS.signer.name} is s3`;
        report({ source, key: CDN_SETTINGS.urlAuthTtl.name, expected, received: quote(String(ttl)) });
      }
      if (region === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
      return { kind: "s3", region, accessKeyId, secretAccessKey, sessionToken: values.s3SessionToken, ttl };
    }
    case "cloudfront": {
      const { cloudfrontKeyPairId: keyPairId, cloudfrontPrivateKey: path } = values;
      const source = sourceOf(CDN_SETTINGS.cloudfrontPrivateKey);
      if (path === undefined || source === undefined) return undefined;
      const privateKey = readRsaKey(path, readFile);
      if (typeof privateKey === "string") {
        const expected = "a PEM file with a private RSA key that needs no password";
        const received = `${quote(path)}: ${privateKey}`;
        report({ source, key: CDN_SETTINGS.cloudfrontPrivateKey.name, expected, received });
        return undefined;
      }
      return keyPairId === undefined ? undefined : { kind: "cloudfront", keyPairId, privateKey, ttl };
    }
  }
}

/** Reads the section. As Crane had it, URLs are rewritten only with both url_match and url_replace. */
export function readCdn(reading: SectionReader): Cdn {
  const { get, sourceOf, warn } = reading;
  const pair = [CDN_SETTINGS.urlMatch, CDN_SETTINGS.urlReplace] as const;
  const [urlMatch, urlReplace] = [get(pair[0]), get(pair[1])];
  for (const [index, given] of pair.entries()) {
    const [source, other] = [sourceOf(given), pair[1 - index]];
    if (source === undefined || other === undefined || sourceOf(other) !== undefined) continue;
    warn({ source, key: other.name, expected: `a value, or ${given.name} is ignored`, received: "nothing" });
  }
  return { urlMatch, urlReplace, signer: readSigner(reading) };
}
