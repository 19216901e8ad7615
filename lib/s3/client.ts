/**
 * Requests to an S3 server, signed and repeated where that helps.
 *
 * Why not Bun's client: it asks nothing without keys, knows neither If-Match nor copies, signs no body, tells no headers
 * of an answer, and its writer's `end(error)` completes an upload with the bytes that came so far. Why not AWS's: a
 * request takes five times the processor time, and a page of HTML is an empty bucket to it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { plain } from "../core/redirect-file/fault.ts";
import { codeOrText } from "../system-error.ts";
import type { S3Connection } from "./connection.ts";
import { createIdentity, type S3Identity } from "./identity.ts";
import { S3Error } from "./s3-error.ts";
import { elementOf } from "./xml.ts";

interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Key of the object; empty for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
  /** A longer answer is a failure. */
  readonly maxBytes?: number;
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
 * @throws {S3Error} naming the object, what the server said and what may help
 * @throws what the request's signal says, when that gives it up
 */
export type S3 = (request: S3Request) => Promise<S3Answer>;

/** Attempts and time for one answer. */
export interface S3Patience {
  readonly attempts: number;
  /** Between two attempts, in ms, whatever the server asks for. */
  readonly maxDelay: number;
  /** For one attempt from its start to the answer's end, in ms; undefined for as long as it takes. */
  readonly timeout: number | undefined;
}

/** For long work that would have to begin again. */
const LONG: S3Patience = { attempts: 5, maxDelay: 60_000, timeout: undefined };
const FIRST_DELAY_MS = 200;
const PASSING = new Set([429, 500, 502, 503, 504]);

/** The codes of a missing object; an answer to HEAD has none. */
const NO_OBJECT = new Set(["", "NoSuchKey"]);

/** The codes of a key that has been replaced, in a profile perhaps. */
const OLD_KEY = new Set(["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"]);

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

const WITHOUT_KEYS = "asked without keys, since AWS_ACCESS_KEY_ID is not set";

/** Escapes a key for a URL, more than URLs need: not all servers read a plus sign in the same way. */
export const escapeKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** A copy and the end of an upload may fail after the server has said 200. */
const isLateFailure = (text: string): boolean => /^(?:<\?xml[^>]*>)?\s*<Error[\s>]/.test(text);

function failure(name: string, status: number, text: string, hasKeys: boolean): S3Error {
  const code = elementOf(text, "Code");
  const said = [code, elementOf(text, "Message")].filter((each) => each !== "").map(plain);
  const hint = status === 403 && !hasKeys ? WITHOUT_KEYS : (HINTS[code] ?? HINTS[String(status)]);
  const received = `${[status, ...said].join(": ")}${hint === undefined ? "" : ` (${hint})`}`;
  const passes = status < 300 || PASSING.has(status);
  return new S3Error(`${name}: the S3 server answers ${received}`, { received, status, passes });
}

const isLate = (error: unknown): boolean => error instanceof Error && error.name === "TimeoutError";

function unreachable(origin: string, error: unknown): S3Error {
  const code = codeOrText(error);
  const why = isLate(error) ? "it takes too long" : plain(code);
  const about = { received: `no answer (${why})`, status: undefined, passes: true };
  return new S3Error(`${origin}: the S3 server can't be reached (${why})`, about);
}

/** The URL of a bucket: in the path, except on Amazon's servers, whose certificates allow names without a dot. */
function baseOf(endpoint: string | undefined, region: string, bucket: string): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, "")}/${escapeKey(bucket)}/`;
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return bucket.includes(".") ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`;
}

function delayBefore(attempt: number, answer: S3Answer | undefined, { maxDelay }: S3Patience): number {
  const asked = Number(answer?.headers.get("retry-after") ?? Number.NaN) * 1000;
  return Math.min(asked >= 0 ? asked : FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random()), maxDelay);
}

async function bytesOf(response: Response, maxBytes: number | undefined, tooLong: () => S3Error): Promise<Uint8Array> {
  if (maxBytes === undefined || response.body === null) return await response.bytes();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** A signal for one attempt of a request. */
function signalOf({ signal }: S3Request, { timeout }: S3Patience): AbortSignal | undefined {
  if (timeout === undefined) return signal;
  const late = AbortSignal.timeout(timeout);
  return signal === undefined ? late : AbortSignal.any([signal, late]);
}

/** Prepares to ask for objects of one bucket. Nothing is asked yet. */
export function connectS3(connection: S3Connection, bucket: string, patience = LONG): S3 {
  let identify = createIdentity(connection, bucket);
  const signingKeys = new Map<string, ArrayBuffer>();

  async function signed(url: string, { method, headers, body }: S3Request, { keys, region }: S3Identity) {
    if (keys === undefined) return { url, headers: new Headers(headers) };
    const { sessionToken, ...others } = keys;
    const signer = new AwsV4Signer({
      method,
      url,
      // The server refuses a body with another sum: what arrives is what was sent.
      headers: { ...headers, "x-amz-content-sha256": Bun.CryptoHasher.hash("sha256", body ?? "", "hex") },
      ...others,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region,
      cache: signingKeys,
    });
    return await signer.sign();
  }

  async function askOnce(request: S3Request, base: string, identity: S3Identity): Promise<S3Answer> {
    const { method, key, query, body, maxBytes } = request;
    const parameters = new URLSearchParams(query).toString();
    const { url, headers } = await signed(
      `${base}${escapeKey(key)}${parameters === "" ? "" : `?${parameters}`}`,
      request,
      identity,
    );
    const signal = signalOf(request, patience);
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body }),
    });
    const { status } = response;
    const tooLong = () => {
      const received = `more than ${maxBytes} bytes`;
      return new S3Error(`s3://${bucket}/${key}: the S3 server answers ${received}`, {
        received,
        status,
        passes: false,
      });
    };
    return { status, headers: response.headers, bytes: await bytesOf(response, maxBytes, tooLong) };
  }

  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      const identity = await identify();
      const base = baseOf(connection.endpoint, identity.region, bucket);
      let answer: S3Answer | undefined;
      let problem: S3Error;
      try {
        answer = await askOnce(request, base, identity);
        const { status, bytes } = answer;
        const isXml = request.method !== "GET" || request.key === "";
        const text = status >= 300 || (isXml && bytes.length > 0) ? new TextDecoder().decode(bytes) : "";
        if (status < 300 && !isLateFailure(text)) return answer;
        if ((status === 404 && NO_OBJECT.has(elementOf(text, "Code"))) || status === 501) return answer;
        problem = failure(`s3://${bucket}/${request.key}`, status, text, identity.keys !== undefined);
        if (OLD_KEY.has(elementOf(text, "Code"))) identify = createIdentity(connection, bucket);
        if (!problem.passes) throw problem;
      } catch (error) {
        if (error instanceof S3Error) throw error;
        request.signal?.throwIfAborted();
        problem = unreachable(new URL(base).origin, error);
        // The time that was set is over.
        if (isLate(error) && patience.timeout !== undefined) throw problem;
      }
      if (attempt === patience.attempts) throw problem;
      await delay(delayBefore(attempt, answer, patience), undefined, request.signal && { signal: request.signal });
    }
  };
}
