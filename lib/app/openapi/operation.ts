/** Builders of the OpenAPI descriptions that routes carry as their `detail`. */
import { MEDIA_TYPE, UNSIGNED_SCHEMA_1 } from "../../core/media-types.ts";
import { EXPLAIN } from "../answer.ts";
import { type V2ErrorCode, v2Error } from "../errors.ts";
import {
  API_HEADERS,
  type Api,
  ATTACHED,
  always,
  caching,
  DIGEST,
  ETAG,
  EXPLAINED,
  FILE,
  type HeaderMap,
  type JsonSchema,
  LOCATION,
  NOSNIFF,
  RANGES,
  TEXT,
} from "./headers.ts";

/** The parts of the configuration that decide which answers occur. */
export interface Deployment {
  readonly credentials:
    | { readonly kind: "none" | "basic" }
    | { readonly kind: "bearer"; readonly realm: string; readonly service: string };
  readonly takesCertificates: boolean;
  /** Whether files are sent from here; clients are redirected to them otherwise. */
  readonly sends: { readonly v1: boolean; readonly v2: boolean };
  readonly searchesElsewhere: boolean;
  readonly sendsIds: boolean;
  /** Whether web pages of other origins may read answers. */
  readonly hasCors: boolean;
  /** Address of management; undefined where there is none. */
  readonly management: { readonly url: string; readonly description: string } | undefined;
}

interface Media {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

type ContentMap = Readonly<Record<string, Media>>;

/** One answer of an operation. */
export interface Described {
  readonly description: string;
  readonly headers?: HeaderMap;
  readonly content?: ContentMap;
}

export type Responses = Readonly<Record<number, Described>>;

/** The description of a route. Its parameters come from the route's schemas. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags?: string[];
  readonly requestBody?: {
    readonly description: string;
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Responses;
}

export const refTo = (schema: string): JsonSchema => ({ $ref: `#/components/schemas/${schema}` });

/** When each code is answered. */
const MEANING: Readonly<Record<V2ErrorCode, string>> = {
  NAME_UNKNOWN: "No such repository, or none that this client may see.",
  NAME_INVALID: "The name breaks the grammar.",
  MANIFEST_UNKNOWN: "The repository has no such manifest, or none in a type that the client accepts.",
  BLOB_UNKNOWN: "The repository has no such blob.",
  DIGEST_INVALID: "The digest breaks the grammar.",
  PAGINATION_NUMBER_INVALID: "`n` is not a non-negative integer.",
  RANGE_INVALID: "The file has no such part.",
  UNSUPPORTED: "The registry does not support the operation.",
  UNAUTHORIZED: "The client must authenticate, or lacks the permission.",
  TOOMANYREQUESTS: "Too many passwords wait to be checked.",
  UNKNOWN: "A fault of the registry, which its log explains.",
};

/** A v2 error with one of several codes. */
export function v2Failure(
  codes: readonly V2ErrorCode[],
  headers: HeaderMap = {},
  meaning: Partial<Readonly<Record<V2ErrorCode, string>>> = {},
): Described {
  const meaningOf = (code: V2ErrorCode): string => meaning[code] ?? MEANING[code];
  const exampleOf = (code: V2ErrorCode) => ({
    summary: meaningOf(code),
    value: JSON.parse(String(v2Error(code).body)),
  });
  return {
    description: codes.map((code) => `\`${code}\`: ${meaningOf(code)}`).join("\n\n"),
    headers: { ...API_HEADERS.v2, ...caching("changing"), ...NOSNIFF, ...headers },
    content: {
      "application/json": {
        schema: refTo("Errors"),
        examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
      },
    },
  };
}

/** The v2 errors of a route, each under its usual status. */
export const v2Errors = (...codes: readonly V2ErrorCode[]): Responses =>
  Object.fromEntries(
    [...Map.groupBy(codes, (code) => v2Error(code).status)].map(([status, group]) => [status, v2Failure(group)]),
  );

/** A v1 error: a short text. */
export const v1Failure = (description: string, example: string, headers: HeaderMap = {}): Described => ({
  description,
  headers: { ...API_HEADERS.v1, ...caching("changing"), ...NOSNIFF, ...headers },
  content: { "text/plain": { schema: TEXT, example } },
});

const notModified = (headers: HeaderMap): Described => ({
  description: "The client has it already, as If-None-Match says.",
  headers,
});

/** A list or a value in JSON. */
export function jsonAnswers(
  api: Api,
  description: string,
  media: Media,
  { headers = {} as HeaderMap, type = "application/json", status = 200 } = {},
): Responses {
  const all = { ...API_HEADERS[api], ...caching("changing"), ...ETAG, ...headers };
  const given = { description, headers: { ...all, ...NOSNIFF }, content: { [type]: media } };
  return status === 200 ? { 200: given, 304: notModified(all) } : { [status]: given };
}

interface FileRoute {
  readonly api: Api;
  readonly deployment: Deployment;
  /** As in "where … is". */
  readonly what: string;
  readonly content: ContentMap;
  /** Whether a redirect file may carry the file itself, or its digest and size. */
  readonly isCarried?: boolean;
}

/** Returns the answers for a file: a redirect, or the file itself. */
export function fileAnswers({ api, deployment, what, content, isCarried = false }: FileRoute): Responses {
  const common = { ...API_HEADERS[api], ...caching("immutable", "located", "changing"), ...(api === "v2" && DIGEST) };
  if (deployment.sends[api]) {
    const headers = { ...common, ...FILE };
    const range = always("Which bytes these are.", { type: "string", pattern: "^bytes (?:\\d+-\\d+|\\*)/\\d+$" });
    const unmet = "The file is in another state than the client requires.";
    return {
      200: { description: `The bytes of ${what}.`, headers: { ...headers, ...ATTACHED }, content },
      206: {
        description: "The part that the client asked for, or several as multipart/byteranges.",
        headers: { ...headers, ...ATTACHED, "Content-Range": { ...range, required: false } },
        content: { ...content, "multipart/byteranges": {} },
      },
      304: notModified(headers),
      412:
        api === "v1"
          ? v1Failure(unmet, "Precondition Failed", FILE)
          : v2Failure(["UNSUPPORTED"], FILE, { UNSUPPORTED: unmet }),
      416:
        api === "v1"
          ? v1Failure(MEANING.RANGE_INVALID, "Range Not Satisfiable", { ...FILE, "Content-Range": range })
          : v2Failure(["RANGE_INVALID"], { ...FILE, "Content-Range": range }),
    };
  }
  const headers = { ...API_HEADERS[api], ...caching("located", "changing"), ...LOCATION };
  const carried = { ...common, ...ETAG, ...RANGES };
  return {
    ...(isCarried && {
      200: {
        description: `Version 6: the bytes of ${what}, where the redirect file has them. HEAD tells size and digest of all.`,
        headers: { ...carried, ...NOSNIFF },
        content,
      },
      304: notModified(carried),
    }),
    204: {
      description: `Where ${what} is, for requests with \`?${EXPLAIN}\`.`,
      headers: {
        ...headers,
        ...EXPLAINED,
        "Cache-Control": always("It is not the usual answer.", { const: "no-store" }),
      },
    },
    302: { description: `Where ${what} is.`, headers },
  };
}

/** The media types of manifests. */
export const MANIFESTS: ContentMap = Object.fromEntries(
  [MEDIA_TYPE.index, MEDIA_TYPE.oci, MEDIA_TYPE.list, MEDIA_TYPE["2"], MEDIA_TYPE["1"], UNSIGNED_SCHEMA_1].map(
    (type) => [type, {}],
  ),
);

export const BYTES: ContentMap = { "application/octet-stream": {} };

/** An answer that is outside of the APIs, and of the moment. */
export const momentary = (description: string, content: ContentMap, headers: HeaderMap = {}): Described => ({
  description,
  headers: {
    "Cache-Control": always("It is of the moment.", { const: "no-store" }),
    "X-Content-Type-Options": always("The media type is meant.", { const: "nosniff" }),
    ...headers,
  },
  content,
});
