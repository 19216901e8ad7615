/** The one place that words errors and maps them to HTTP. */
import type { HeaderFields } from "../content/content.ts";
import type { Answer } from "./answer.ts";

/** Header of every v2 answer. */
export const V2_HEADERS: HeaderFields = { "Docker-Distribution-API-Version": "registry/2.0" };

/** Headers of every v1 answer. */
export const V1_HEADERS: HeaderFields = { "X-Docker-Registry-Version": "0.6.6", "X-Docker-Registry-Config": "common" };

const TEXT: HeaderFields = { "Content-Type": "text/plain; charset=utf-8" };

const V2_ERRORS = {
  NAME_UNKNOWN: [404, "repository name not known to registry"],
  NAME_INVALID: [404, "invalid repository name"],
  MANIFEST_UNKNOWN: [404, "manifest unknown"],
  DIGEST_INVALID: [400, "invalid digest"],
  PAGINATION_NUMBER_INVALID: [400, "invalid number of results requested"],
  UNSUPPORTED: [404, "the operation is unsupported"],
  BLOB_UNKNOWN: [404, "blob unknown to registry"],
  RANGE_INVALID: [416, "invalid content range"],
  UNAUTHORIZED: [401, "authentication required"],
  TOOMANYREQUESTS: [429, "too many requests"],
  UNKNOWN: [500, "unknown error"],
} as const;

/** Code of the distribution specification. */
export type V2ErrorCode = keyof typeof V2_ERRORS;

export const isV2ErrorCode = (text: string): text is V2ErrorCode => Object.hasOwn(V2_ERRORS, text);

interface V2ErrorOptions {
  readonly status?: number;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly headers?: HeaderFields;
}

/** @see OCI distribution-spec "Error Codes" */
export function v2Error(code: V2ErrorCode, { status, detail = {}, headers = {} }: V2ErrorOptions = {}): Answer {
  const [usualStatus, message] = V2_ERRORS[code];
  return {
    status: status ?? usualStatus,
    headers: { "Content-Type": "application/json", ...V2_HEADERS, ...headers },
    body: JSON.stringify({ errors: [{ code, message, detail }] }),
    code,
  };
}

/** Returns an error for v1 clients, which read the status and show the text. */
export function v1Error(status: number, text: string, headers: HeaderFields = {}): Answer {
  return { status, headers: { ...TEXT, ...V1_HEADERS, ...headers }, body: text };
}

/** The API that a path belongs to. */
export function apiOf(path: string): "v1" | "v2" | undefined {
  if (path === "/v2" || path.startsWith("/v2/")) return "v2";
  return path === "/v1" || path.startsWith("/v1/") ? "v1" : undefined;
}

/** Words one error for the API that a path belongs to. */
function errorFor(path: string, code: V2ErrorCode, status: number, text: string, headers: HeaderFields = {}): Answer {
  const api = apiOf(path);
  if (api === "v2") return v2Error(code, { status, headers });
  if (api === "v1") return v1Error(status, text, headers);
  return { status, headers: { ...TEXT, ...headers }, body: text };
}

/** Answers a path that no route has. */
export const notFound = (path: string): Answer => errorFor(path, "NAME_UNKNOWN", 404, "Not Found");

/** Answers a method that a known path does not take. @param allow as the Allow header lists them */
export const methodNotAllowed = (path: string, allow: string): Answer =>
  errorFor(path, "UNSUPPORTED", 405, "Method Not Allowed", { Allow: allow });

/** Answers a fault of the program, which the log has and the client does not. */
export const internalError = (path: string): Answer => errorFor(path, "UNKNOWN", 500, "Internal Server Error");

/** Asks a client to authenticate. @param challenge as WWW-Authenticate has it */
export const unauthorized = (path: string, challenge: string): Answer =>
  errorFor(path, "UNAUTHORIZED", 401, "Unauthorized", { "WWW-Authenticate": challenge });

/** Answers a client while too many passwords wait to be checked. @param retryAfter in seconds */
export const tooManyRequests = (path: string, retryAfter: number): Answer =>
  errorFor(path, "TOOMANYREQUESTS", 429, "Too Many Requests", { "Retry-After": String(retryAfter) });

/** Answers a range or a condition that the file does not meet. @param headers what the refusal says beside that */
export function refusedFile(api: "v1" | "v2", status: number, headers: HeaderFields): Answer {
  if (api === "v1") return v1Error(status, status === 416 ? "Range Not Satisfiable" : "Precondition Failed", headers);
  return v2Error(status === 416 ? "RANGE_INVALID" : "UNSUPPORTED", { status, headers });
}
