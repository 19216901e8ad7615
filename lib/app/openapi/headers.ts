/** The headers of answers, as the OpenAPI document describes them. */
import { EXPLAINED as EXPLAINED_HEADER, type Freshness } from "../answer.ts";
import { V1_HEADERS, V2_HEADERS } from "../errors.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

interface HeaderObject {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

export type HeaderMap = Readonly<Record<string, HeaderObject>>;

export const always = (description: string, schema: JsonSchema): HeaderObject => ({
  description,
  required: true,
  schema,
});
export const sometimes = (description: string, schema: JsonSchema): HeaderObject => ({ description, schema });

export const TEXT: JsonSchema = { type: "string" };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };

const constants = (headers: Readonly<Record<string, string>>, description: string): HeaderMap =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, always(description, { const: value })]));

export type Api = "v1" | "v2";

export const API_HEADERS: Readonly<Record<Api, HeaderMap>> = {
  v1: constants(V1_HEADERS, "Identifies the v1 API."),
  v2: constants(V2_HEADERS, "Identifies the v2 API."),
};

const CACHE_CONTROL: Readonly<Record<Freshness, string>> = {
  immutable: "public, max-age=31536000, immutable",
  located: "(?:public|private), max-age=\\d+",
  changing: "no-cache(?:, max-age=\\d+)?|max-age=\\d+|private, no-cache, max-age=0",
};

/** @see spec "Caching, for all answers" */
export const caching = (...kinds: readonly Freshness[]): HeaderMap => ({
  "Cache-Control": always("How long a cache may keep the answer; none may where it depends on the client.", {
    type: "string",
    pattern: `^(?:${kinds.map((kind) => CACHE_CONTROL[kind]).join("|")}|private, no-store)$`,
  }),
  Vary: sometimes("The request headers that the answer depends on.", TEXT),
});

export const NOSNIFF: HeaderMap = {
  "X-Content-Type-Options": sometimes("The media type is meant.", { const: "nosniff" }),
};

export const ETAG: HeaderMap = {
  ETag: sometimes("The digest of a manifest or a blob, or a name of the state of a list.", {
    type: "string",
    pattern: '^"[^"]+"$',
  }),
};

export const DIGEST: HeaderMap = {
  "Docker-Content-Digest": sometimes("The digest of the content, where it is known.", {
    type: "string",
    pattern: "^[a-z0-9+._-]+:[A-Za-z0-9=_-]+$",
  }),
};

export const RANGES: HeaderMap = {
  "Accept-Ranges": sometimes("Parts can be asked for.", { const: "bytes" }),
};

/** Headers of a file that is sent from here. */
export const FILE: HeaderMap = {
  ...ETAG,
  ...RANGES,
  "Last-Modified": sometimes("The time of the last change of the file.", TEXT),
};

export const ATTACHED: HeaderMap = {
  ...NOSNIFF,
  "Content-Disposition": sometimes("A browser saves the file instead of showing it.", { const: "attachment" }),
};

export const LOCATION: HeaderMap = { Location: always("Where the file is.", { type: "string", format: "uri" }) };

export const EXPLAINED: HeaderMap = { [EXPLAINED_HEADER]: always("The status of the redirect.", { const: "302" }) };

export const CHALLENGE: HeaderMap = {
  "WWW-Authenticate": always("How to authenticate.", { type: "string", pattern: "^(?:Basic|Bearer) realm=" }),
};

export const RETRY_AFTER: HeaderMap = {
  "Retry-After": always("Seconds to wait.", { type: "integer", minimum: 1, maximum: 60 }),
};

export const NEXT_PAGE: HeaderMap = {
  Link: sometimes('The next page, as `<…>; rel="next"` (RFC 8288); absent on the last page.', {
    type: "string",
    pattern: '^<[^>]+>; rel="next"$',
  }),
};
