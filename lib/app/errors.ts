/** The one place where errors become answers. */
import type { HeadFault } from "../http/request-head.ts";
import type { Answer } from "./answer.ts";
import { apiOf, type Route } from "./target.ts";

/** The header that every v2 answer carries. */
export const V2_HEADER = ["Docker-Distribution-API-Version", "registry/2.0"] as const;

/** The headers that every v1 answer carries. */
export const V1_HEADERS = [
  ["X-Docker-Registry-Version", "0.6.6"],
  ["X-Docker-Registry-Config", "common"],
] as const;

const JSON_TYPE = ["Content-Type", "application/json"] as const;
const TEXT_TYPE = ["Content-Type", "text/plain; charset=utf-8"] as const;

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
  UNAVAILABLE: [503, "service unavailable"],
  UNKNOWN: [500, "unknown error"],
} as const;

/** A code of the distribution specification. */
export type V2ErrorCode = keyof typeof V2_ERRORS;

interface V2ErrorOptions {
  readonly status?: number;
  readonly detail?: Readonly<Record<string, string>>;
  readonly headers?: Answer["headers"];
}

/** @see OCI distribution-spec "Error Codes" */
export function v2Error(code: V2ErrorCode, { status, detail = {}, headers = [] }: V2ErrorOptions = {}): Answer {
  const [usualStatus, message] = V2_ERRORS[code];
  return {
    status: status ?? usualStatus,
    headers: [JSON_TYPE, V2_HEADER, ...headers],
    body: JSON.stringify({ errors: [{ code, message, detail }] }),
    code,
  };
}

/** v1 clients read the status and show the text. */
export function v1Error(status: number, text: string, headers: Answer["headers"] = []): Answer {
  return { status, headers: [TEXT_TYPE, ...V1_HEADERS, ...headers], body: text };
}

const plainError = (status: number, text: string): Answer => ({ status, headers: [TEXT_TYPE], body: text });

/** For a path that no route has. */
export function notFound(target: string): Answer {
  const api = apiOf(target);
  if (api === "v2") return v2Error("NAME_UNKNOWN");
  return api === "v1" ? v1Error(404, "Not Found") : plainError(404, "Not Found");
}

/** For a known path and a method that it does not take. */
export function methodNotAllowed(target: string, allowed: readonly string[]): Answer {
  const allow = ["Allow", allowed.join(", ")] as const;
  const api = apiOf(target);
  if (api === "v2") return v2Error("UNSUPPORTED", { status: 405, headers: [allow] });
  if (api === "v1") return v1Error(405, "Method Not Allowed", [allow]);
  return { status: 405, headers: [TEXT_TYPE, allow], body: "Method Not Allowed" };
}

/** For a client that has to say who it is. @param challenge as WWW-Authenticate has it */
export function unauthorized(route: Route, challenge: string): Answer {
  const header = ["WWW-Authenticate", challenge] as const;
  return route.startsWith("v2.")
    ? v2Error("UNAUTHORIZED", { headers: [header] })
    : v1Error(401, "Unauthorized", [header]);
}

/** For a client that comes when too many others do. @param retryAfter in seconds */
export function tooManyRequests(route: Route, retryAfter: number): Answer {
  const header = ["Retry-After", String(retryAfter)] as const;
  return route.startsWith("v2.")
    ? v2Error("TOOMANYREQUESTS", { headers: [header] })
    : v1Error(429, "Too Many Requests", [header]);
}

/** For a client that there is no room for, until others have gone. @param retryAfter in seconds */
export function unavailable(route: Route, retryAfter: number): Answer {
  const header = ["Retry-After", String(retryAfter)] as const;
  return route.startsWith("v2.")
    ? v2Error("UNAVAILABLE", { headers: [header] })
    : v1Error(503, "Service Unavailable", [header]);
}

/** For a range or a condition that the file does not meet. @param headers what the refusal says beside that */
export function refusedFile(api: "v1" | "v2", status: number, headers: Answer["headers"]): Answer {
  if (api === "v1") return v1Error(status, status === 416 ? "Range Not Satisfiable" : "Precondition Failed", headers);
  return v2Error(status === 416 ? "RANGE_INVALID" : "UNSUPPORTED", { status, headers });
}

/** For a request that HTTP itself can't make sense of. */
export function unreadable({ status, reason, target }: HeadFault): Answer {
  const api = apiOf(target);
  if (api === "v2") return v2Error("UNSUPPORTED", { status, detail: { reason } });
  return api === "v1" ? v1Error(status, reason) : plainError(status, reason);
}

/** For a fault of our own, which the log has and the client does not. */
export function internalError(target: string): Answer {
  const api = apiOf(target);
  if (api === "v2") return v2Error("UNKNOWN");
  return api === "v1" ? v1Error(500, "Internal Server Error") : plainError(500, "Internal Server Error");
}
