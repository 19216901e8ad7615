/**
 * Requests to an S3 server, signed and repeated where that helps.
 *
 * Bun has a client of its own, which can neither give up an upload in parts (its writer's `end(error)` completes it,
 * with whatever bytes came) nor copy within the server. So only the signature is somebody else's here.
 */
import { AwsV4Signer } from "aws4fetch";
import { plain } from "../redirect-file/fault.ts";
import { PublishError } from "./publish-error.ts";

/** Which server, and who asks. */
export interface S3Connection {
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with keys that are lent for a time. */
  readonly sessionToken: string | undefined;
}

/** A directory in a bucket. */
export interface S3Address {
  readonly bucket: string;
  /** Empty, or with a final slash. */
  readonly prefix: string;
}

interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Of the object; empty for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** An answer that came in whole. */
interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/**
 * Asks the server.
 *
 * @returns an answer of 2xx, 404 where there is no such object, or 501 where a header is not known
 * @throws {PublishError} naming the object, what the server said and what may help
 */
export type S3 = (request: S3Request) => Promise<S3Answer>;

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 60_000;
const PASSING = new Set([429, 500, 502, 503, 504]);

/** What a server says of a missing object; an answer to HEAD says nothing. */
const NO_OBJECT = new Set(["", "NoSuchKey"]);

const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: "these keys may not do that",
  AuthorizationHeaderMalformed: "the region may be another: --s3-region",
  InvalidAccessKeyId: "the server does not know AWS_ACCESS_KEY_ID",
  NoSuchBucket: "make the bucket first",
  PermanentRedirect: "the bucket is elsewhere: --s3-region, --s3-endpoint",
  RequestTimeTooSkewed: "this machine's clock is wrong",
  SignatureDoesNotMatch: "AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID",
  "403": "the keys may be wrong, or may not do that",
};

/** Every byte escaped that has a meaning to anyone: in signatures a plus sign is not the same to all. */
export const escapeKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name = "") => {
      const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : (ENTITIES[name] ?? whole);
    },
  );
}

/** The texts of all elements of this name, in order; S3's answers have no attributes where it matters. */
export function* elementsOf(xml: string, name: string): Generator<string> {
  for (const [, text = ""] of xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))) yield unescapeXml(text);
}

/** The text of the first such element; empty when there is none. */
export function elementOf(xml: string, name: string): string {
  for (const text of elementsOf(xml, name)) return text;
  return "";
}

/** A copy and the end of an upload may fail after the server has said 200. */
const isLateFailure = (text: string): boolean => /^(?:<\?xml[^>]*>)?\s*<Error>/.test(text);

function failure(name: string, status: number, text: string): PublishError {
  const code = elementOf(text, "Code");
  const said = [code, elementOf(text, "Message")].filter((each) => each !== "").map(plain);
  const hint = HINTS[code] ?? HINTS[String(status)];
  return new PublishError(
    `${name}: the S3 server answers ${[status, ...said].join(": ")}${hint === undefined ? "" : ` (${hint})`}`,
  );
}

/** Where a bucket is: in the path, but on Amazon's own servers, whose certificates have room for simple names only. */
function baseOf({ endpoint, region }: S3Connection, bucket: string): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, "")}/${escapeKey(bucket)}/`;
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return bucket.includes(".") ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`;
}

function delayBefore(attempt: number, answer: S3Answer | undefined): number {
  const asked = Number(answer?.headers.get("retry-after") ?? Number.NaN) * 1000;
  if (asked >= 0) return Math.min(asked, MAX_DELAY_MS);
  return FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
}

/** Prepares to ask for objects of one bucket. Nothing is asked yet. */
export function connectS3(connection: S3Connection, bucket: string): S3 {
  const base = baseOf(connection, bucket);
  const { region, accessKeyId, secretAccessKey, sessionToken } = connection;
  const signingKeys = new Map<string, ArrayBuffer>();

  async function askOnce({ method, key, query, headers, body }: S3Request): Promise<S3Answer> {
    const parameters = new URLSearchParams(query).toString();
    const signer = new AwsV4Signer({
      method,
      url: `${base}${escapeKey(key)}${parameters === "" ? "" : `?${parameters}`}`,
      // The server refuses a body with another sum: what arrives is what was sent.
      headers: { ...headers, "x-amz-content-sha256": Bun.CryptoHasher.hash("sha256", body ?? "", "hex") },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region,
      cache: signingKeys,
    });
    const signed = await signer.sign();
    const response = await fetch(signed.url, {
      method,
      headers: signed.headers,
      redirect: "manual",
      ...(body !== undefined && { body }),
    });
    return { status: response.status, headers: response.headers, bytes: await response.bytes() };
  }

  const unreachable = (error: unknown): PublishError => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return new PublishError(`${new URL(base).origin}: the S3 server can't be reached (${plain(code)})`);
  };

  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      let answer: S3Answer | undefined;
      let problem: PublishError;
      try {
        answer = await askOnce(request);
        const { status, bytes } = answer;
        const isXml = request.method !== "GET" || request.key === "";
        const text = status >= 300 || (isXml && bytes.length > 0) ? new TextDecoder().decode(bytes) : "";
        if (status < 300 && !isLateFailure(text)) return answer;
        if ((status === 404 && NO_OBJECT.has(elementOf(text, "Code"))) || status === 501) return answer;
        problem = failure(`s3://${bucket}/${request.key}`, status, text);
        if (status >= 300 && !PASSING.has(status)) throw problem;
      } catch (error) {
        if (error instanceof PublishError) throw error;
        problem = unreachable(error);
      }
      if (attempt === ATTEMPTS) throw problem;
      await Bun.sleep(delayBefore(attempt, answer));
    }
  };
}
