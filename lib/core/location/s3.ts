import { type Method, partsOf, type Sign } from "./sign.ts";

/** Keys for URLs that an S3 server accepts. */
export interface S3Signer {
  readonly kind: "s3";
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with keys that are lent for a time. */
  readonly sessionToken: string | undefined;
  /** Seconds for which a URL is good, `MAX_S3_TTL` at most. */
  readonly ttl: number;
}

/** Seven days, in seconds: servers refuse more. */
export const MAX_S3_TTL = 604_800;

const ALGORITHM = "AWS4-HMAC-SHA256";
const NOT_AS_IT_IS = /%[0-9a-f]{2}|[^\w.~/-]/gi;
const UNRESERVED = /[\w.~/-]/;

const sha256 = (text: string): string => Bun.CryptoHasher.hash("sha256", text, "hex");
const hmac = (key: string | Buffer, text: string): Buffer => new Bun.CryptoHasher("sha256", key).update(text).digest();

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** Writes a character or an escape in its canonical form. The text is ASCII. */
function canonical(text: string): string {
  const char = text.length === 3 ? String.fromCharCode(Number.parseInt(text.slice(1), 16)) : text;
  return UNRESERVED.test(char) ? char : percent(char);
}

const encodeText = (text: string): string => text.replace(/[^\w.~-]/g, percent);
const canonicalPath = (path: string): string => path.replace(NOT_AS_IT_IS, canonical);

/** As clients send it in Host: without user, and without the port that goes without saying. */
const hostOf = (scheme: string, authority: string): string =>
  authority
    .slice(authority.lastIndexOf("@") + 1)
    .toLowerCase()
    .replace(scheme.toLowerCase() === "https:" ? /:(?:443)?$/ : /:(?:80)?$/, "");

/** The parts that all URLs of one second share. */
interface Moment {
  readonly at: number;
  readonly query: string;
  /** The string to sign, up to the hash of the request. */
  readonly preamble: string;
  readonly key: Bun.CryptoHasher;
}

/** The parts that all URLs of one day share. */
interface Day {
  readonly name: string;
  readonly scope: string;
  readonly key: Bun.CryptoHasher;
}

function dayOf(name: string, { region, secretAccessKey }: S3Signer): Day {
  const key = [name, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return { name, scope: `${name}/${region}/s3/aws4_request`, key: new Bun.CryptoHasher("sha256", key) };
}

function momentOf(at: number, time: string, { scope, key }: Day, { accessKeyId, sessionToken, ttl }: S3Signer): Moment {
  const parameters = [
    ["X-Amz-Algorithm", ALGORITHM],
    ["X-Amz-Credential", `${accessKeyId}/${scope}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(ttl)],
    ...(sessionToken === undefined ? [] : [["X-Amz-Security-Token", sessionToken]]),
    ["X-Amz-SignedHeaders", "host"],
  ] as const;
  const query = parameters.map(([name = "", value = ""]) => `${name}=${encodeText(value)}`).join("&");
  return { at, query, preamble: `${ALGORITHM}\n${time}\n${scope}\n`, key };
}

/**
 * Presigns URLs for S3 and compatible servers: Signature Version 4 in the query, for one method.
 *
 * Host and path are those of the URL, so a bucket may be in either; what a path need not escape is unescaped and the
 * rest is escaped, as clients and servers expect. A URL without host can't be signed and stays as it
 * is. About 5 µs a URL, since the key of the day and the parameters of the second are kept.
 *
 * @param now whole seconds since 1970
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function createS3Signer(signer: S3Signer, now: () => number): Sign {
  let day = dayOf("", signer);
  let moment: Moment | undefined;

  const present = (): Moment => {
    const at = now();
    if (moment?.at === at) return moment;
    const time = new Date(at * 1000).toISOString().replace(/[:-]|\.\d+/g, "");
    const name = time.slice(0, "YYYYMMDD".length);
    if (name !== day.name) day = dayOf(name, signer);
    moment = momentOf(at, time, day, signer);
    return moment;
  };

  return (url, method: Method) => {
    const { scheme, authority, path } = partsOf(url);
    if (authority === "") return url;
    const host = hostOf(scheme, authority);
    const escaped = canonicalPath(path);
    const { query, preamble, key } = present();
    const request = `${method}\n${escaped}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
    const signature = key
      .copy()
      .update(preamble + sha256(request))
      .digest("hex");
    return `${scheme}//${host}${escaped}?${query}&X-Amz-Signature=${signature}`;
  };
}
