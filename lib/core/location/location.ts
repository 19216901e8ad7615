import { isAbsoluteUrl } from "../redirect-file/blob-template.ts";
import { type AkamaiSigner, createAkamaiSigner } from "./akamai.ts";
import { type CloudFrontSigner, createCloudFrontSigner } from "./cloudfront.ts";
import { createS3Signer, type S3Signer } from "./s3.ts";
import type { Method, Sign } from "./sign.ts";

/**
 * Makes the address of a file below a repository's url: what a redirect's Location says.
 *
 * @param url ends with a slash and has no query
 * @param method what the client will do there: a GET unless said otherwise
 */
export type Locate = (url: string, path: string, method?: Method) => string;

/** The signer of URLs. */
export type Signer = AkamaiSigner | CloudFrontSigner | S3Signer;

/** Rewriting and signing of v2 URLs. */
export interface Cdn {
  readonly urlMatch: string | undefined;
  /** Has no query. */
  readonly urlReplace: string | undefined;
  readonly signer: Signer | undefined;
}

/** Locations of the files of each API. */
export interface Locations {
  readonly v1: Locate;
  readonly v2: Locate;
  /** Seconds for which a signed v2 URL is good at least; undefined where URLs are not signed. */
  readonly signedFor: number | undefined;
}

/** Joins a path to a repository's url; a path that is a URL itself, such as that of a shared blob, stays as it is. */
const locatePlainly: Locate = (url, path) => (isAbsoluteUrl(path) ? path : url + path);

/** Replaces text wherever it occurs in the whole URL, where both are given. */
function rewriting(match: string | undefined, replacement: string | undefined): Locate {
  if (match === undefined || match === "" || replacement === undefined || replacement === "") return locatePlainly;
  // A function, since in a text some characters after a dollar sign have a meaning.
  return (url, path) => locatePlainly(url, path).replaceAll(match, () => replacement);
}

function createSign(signer: Signer, now: () => number): Sign {
  switch (signer.kind) {
    case "akamai":
      return createAkamaiSigner(signer, now);
    case "cloudfront":
      return createCloudFrontSigner(signer, now);
    case "s3":
      return createS3Signer(signer, now);
  }
}

/**
 * Locates files as the configuration says: v2 URLs are rewritten first and signed after that, v1 URLs are left alone.
 *
 * @param now whole seconds since 1970
 * @see spec "Configuration"
 */
export function createLocations({ urlMatch, urlReplace, signer }: Cdn, now: () => number): Locations {
  const rewrite = rewriting(urlMatch, urlReplace);
  if (signer === undefined) return { v1: locatePlainly, v2: rewrite, signedFor: undefined };
  const sign = createSign(signer, now);
  return {
    v1: locatePlainly,
    v2: (url, path, method = "GET") => sign(rewrite(url, path), method),
    // A kept CloudFront URL has used up a fifth of its time at most.
    signedFor: signer.kind === "cloudfront" ? Math.floor(signer.ttl * 0.8) : signer.ttl,
  };
}
