/** Answers that are errors. */
import { type Answered, type Reference, refTo, type Schema } from "../openapi/operation.ts";
import { type V2ErrorCode, v2Error } from "../errors.ts";
import { ALLOW, CHALLENGE, OF_V1, OF_V2, RETRY_AFTER } from "./headers.ts";

export const ERROR_SCHEMAS: Readonly<Record<string, Schema>> = {
  Errors: {
    title: "Errors",
    description: "What every error under /v2/ is, by the OCI distribution specification.",
    type: "object",
    required: ["errors"],
    additionalProperties: false,
    properties: {
      errors: {
        type: "array",
        minItems: 1,
        maxItems: 1,
        items: {
          type: "object",
          required: ["code", "message", "detail"],
          additionalProperties: false,
          properties: {
            code: { type: "string", description: "For programs." },
            message: { type: "string", description: "For people; the same for the same code." },
            detail: { type: "object", additionalProperties: { type: "string" } },
          },
        },
      },
    },
  },
  Text: { title: "Text", description: "A short text for people.", type: "string", minLength: 1, maxLength: 100 },
};

const BROKEN = "The request breaks HTTP: `detail.reason` says how. The connection ends.";

/** When each code is the answer. */
const MEANING: Readonly<Record<V2ErrorCode, string>> = {
  NAME_UNKNOWN: "There is no such repository, or none that this client may see: the two answers are one.",
  NAME_INVALID: "The name breaks the grammar, so that no repository can have it.",
  MANIFEST_UNKNOWN: "The repository has no such reference in a type that the client accepts.",
  BLOB_UNKNOWN: "The repository has no such blob.",
  DIGEST_INVALID: "The digest breaks the grammar.",
  PAGINATION_NUMBER_INVALID: "`n` is not a whole number from 0.",
  RANGE_INVALID: "The file has no such part.",
  UNSUPPORTED: "The registry can't do that.",
  UNAUTHORIZED: "The client has to say who it is, or may not do that.",
  TOOMANYREQUESTS: "Too many passwords wait to be checked.",
  UNAVAILABLE: "There are too many connections at the moment. This one ends.",
  UNKNOWN: "A fault of the registry, which its log has.",
};

/** A code with when it is answered, where that is not what it means everywhere, and with what HTTP is broken by. */
type Case = V2ErrorCode | readonly [code: V2ErrorCode, when: string, reason?: string];

const codeOf = (each: Case): V2ErrorCode => (typeof each === "string" ? each : each[0]);

const errorOf = (code: V2ErrorCode, reason: string | undefined): unknown =>
  JSON.parse(v2Error(code, { detail: reason === undefined ? {} : { reason } }).body);

/** A v2 error, as one of these codes. */
export function v2Failure(cases: readonly Case[], headers: Answered["headers"] = {}): Answered {
  const told = cases.map((each) => {
    const [code, when, reason] = typeof each === "string" ? [each, MEANING[each]] : each;
    return { code, when, value: errorOf(code, reason) };
  });
  return {
    description: told.map(({ code, when }) => `\`${code}\`: ${when}`).join("\n\n"),
    headers: { ...OF_V2, ...headers },
    content: {
      "application/json": {
        schema: {
          ...refTo("schemas", "Errors"),
          properties: { errors: { items: { properties: { code: { enum: [...new Set(cases.map(codeOf))] } } } } },
        },
        examples: Object.fromEntries(told.map(({ code, when, value }) => [code, { summary: when, value }])),
      },
    },
  };
}

const textFailure = (description: string, example: string, headers: Answered["headers"]): Answered => ({
  description,
  headers: headers ?? {},
  content: { "text/plain": { schema: refTo("schemas", "Text"), example } },
});

/** A v1 error. */
export const v1Failure = (description: string, example: string, headers: Answered["headers"] = {}): Answered =>
  textFailure(description, example, { ...OF_V1, ...headers });

/** What 400 may always be, beside what a route makes it. */
export const BROKEN_HTTP: Case = ["UNSUPPORTED", BROKEN, "a broken request line"];

const NO_METHOD = "The path has no such method.";
const LONG_TARGET = "The request line is too long. The connection ends.";
const LONG_HEAD = "The headers are too long or too many. The connection ends.";
const FAULT = MEANING.UNKNOWN;

/** The errors that many routes have. */
export const FAILURE_COMPONENTS: Readonly<Record<string, Answered>> = {
  V2BadRequest: v2Failure([BROKEN_HTTP]),
  V2Unauthorized: v2Failure(["UNAUTHORIZED"], CHALLENGE),
  V2MethodNotAllowed: v2Failure([["UNSUPPORTED", NO_METHOD]], ALLOW),
  V2TargetTooLong: v2Failure([["UNSUPPORTED", LONG_TARGET, "a too long request line"]]),
  V2TooManyRequests: v2Failure(["TOOMANYREQUESTS"], RETRY_AFTER),
  V2NoRoom: v2Failure(["UNAVAILABLE"], RETRY_AFTER),
  V2HeadTooLong: v2Failure([["UNSUPPORTED", LONG_HEAD, "too long headers"]]),
  V2Fault: v2Failure(["UNKNOWN"]),
  V1BadRequest: v1Failure("The request breaks HTTP. The connection ends.", "a broken request line"),
  V1Unauthorized: v1Failure("The client has to say who it is.", "Unauthorized", CHALLENGE),
  V1NotFound: v1Failure("There is no such thing, or none that this client may see.", "Not Found"),
  V1MethodNotAllowed: v1Failure(NO_METHOD, "Method Not Allowed", ALLOW),
  V1TargetTooLong: v1Failure(LONG_TARGET, "a too long request line"),
  V1TooManyRequests: v1Failure(MEANING.TOOMANYREQUESTS, "Too Many Requests", RETRY_AFTER),
  V1NoRoom: v1Failure(MEANING.UNAVAILABLE, "Service Unavailable", RETRY_AFTER),
  V1HeadTooLong: v1Failure(LONG_HEAD, "too long headers"),
  V1Fault: v1Failure(FAULT, "Internal Server Error"),
  BadRequest: textFailure("The request breaks HTTP. The connection ends.", "a broken request line", {}),
  NotFound: textFailure("To this client there is no such page.", "Not Found", {}),
  MethodNotAllowed: textFailure(NO_METHOD, "Method Not Allowed", ALLOW),
  TargetTooLong: textFailure(LONG_TARGET, "a too long request line", {}),
  HeadTooLong: textFailure(LONG_HEAD, "too long headers", {}),
  Fault: textFailure(FAULT, "Internal Server Error", {}),
};

/** @returns a reference to one of them */
export const failure = (name: string): Reference => refTo("responses", name);
