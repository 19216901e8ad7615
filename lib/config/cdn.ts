import * as kinds from "./kinds.ts";
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
    "Text that is replaced wherever it occurs in a URL that a v2 client is sent to",
  ),
  urlReplace: optional("cdn.url_replace", kinds.urlPartBeforeQuery, "nothing", "What replaces cdn.url_match"),
  signer: optional(
    "cdn.signer",
    kinds.choice("akamai", "cloudfront", "s3"),
    "akamai with cdn.url_auth_secret, otherwise URLs are not signed",
    "How the URLs that v2 clients are sent to are signed",
  ),
  urlAuthTtl: setting(
    "cdn.url_auth_ttl",
    kinds.integer(1, MAX_TTL_SECONDS),
    "300",
    "Seconds for which a signed URL is good",
  ),
  urlAuthSecret: secret("cdn.url_auth_secret", kinds.hex, "no tokens", "Key of Akamai's tokens, as the CDN has it"),
  urlAuthParam: setting("cdn.url_auth_param", kinds.queryName, "_auth_", "Query parameter that holds Akamai's token"),
  urlAuthAlgo: setting("cdn.url_auth_algo", kinds.choice("sha256", "sha1", "md5"), "sha256", "Hash of Akamai's token"),
  cloudfrontKeyPairId: optional(
    "cdn.cloudfront_key_pair_id",
    kinds.alphanumeric,
    NO_CLOUDFRONT,
    "Id of the public key, as CloudFront has it",
  ),
  cloudfrontPrivateKey: optional(
    "cdn.cloudfront_private_key",
    kinds.path,
    NO_CLOUDFRONT,
    "PEM file of the private RSA key to cdn.cloudfront_key_pair_id",
  ),
  s3Region: optional("cdn.s3_region", kinds.region, NO_S3, "Region of the bucket, as its server has it"),
  s3AccessKeyId: optional("cdn.s3_access_key_id", kinds.accessKeyId, NO_S3, "Id of a key that may read the bucket"),
  s3SecretAccessKey: secret("cdn.s3_secret_access_key", kinds.visible, NO_S3, "The secret to cdn.s3_access_key_id"),
  s3SessionToken: secret(
    "cdn.s3_session_token",
    kinds.visible,
    "the key is not lent",
    "Token that comes with a key that is lent for a time",
  ),
} as const;
