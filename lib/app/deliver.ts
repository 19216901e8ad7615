/** Turns what a handler decided into a response: a redirect, a file, or an answer with its caching headers. */
import type { Content, HeaderFields } from "../content/content.ts";
import type { Method } from "../core/location/sign.ts";
import { kindsOf } from "../core/redirect-file/manifest-table.ts";
import type { Digest } from "../core/reference.ts";
import { trimmed } from "../core/white-space.ts";
import {
  type Answer,
  EXPLAINED,
  type FileOf,
  type Freshness,
  isFile,
  type Outcome,
  type ResponseForm,
} from "./answer.ts";
import { refusedFile, V1_HEADERS, V2_HEADERS } from "./errors.ts";
import type { Delivered } from "./plugins/observation.ts";
import type { View } from "./view.ts";

/** The parts of a request that decide the form of its answer. */
export interface AnswerContext {
  readonly method: Method;
  /** A request header, by its name in lower case. */
  readonly header: (name: string) => string | null;
  /** Whether the answer depends on the Accept header. */
  readonly variesByAccept: boolean;
  /** Whether a redirect is to be described instead of made. */
  readonly isExplained: () => boolean;
}

/** The longest text that may be kept for the next client, in characters. Bytes are the redirect file's own. */
const MAX_REPEATED_TEXT = 4096;

const lengthOf = (body: Answer["body"]): number => (typeof body === "string" ? Buffer.byteLength(body) : body.length);

function varyOf({ variesBy }: View, variesByAccept: boolean): string | undefined {
  if (variesBy === undefined) return variesByAccept ? "Accept" : undefined;
  return variesByAccept ? `Accept, ${variesBy}` : variesBy;
}

/** @see spec "Caching, for all answers" */
function cachingHeaders(view: View, freshness: Freshness, variesByAccept: boolean, isSigned = false): HeaderFields {
  const vary = varyOf(view, variesByAccept);
  const control = cacheControl(view, freshness, isSigned);
  return vary === undefined ? { "Cache-Control": control } : { "Cache-Control": control, Vary: vary };
}

function cacheControl({ variesBy, locations, pollingInterval }: View, freshness: Freshness, isSigned: boolean): string {
  if (variesBy !== undefined) return "private, no-store";
  if (isSigned && locations.signedFor !== undefined) {
    return freshness === "located"
      ? `private, max-age=${Math.floor(locations.signedFor / 2)}`
      : "private, no-cache, max-age=0";
  }
  if (freshness === "immutable") return "public, max-age=31536000, immutable";
  return freshness === "located" ? `public, max-age=${pollingInterval}` : "no-cache";
}

/** Tells whether a list of entity tags names this one. @see RFC 9110 section 13.1.2 */
export const matches = (list: string, etag: string): boolean =>
  list === etag ||
  list.split(",").some((item) => {
    const tag = trimmed(item);
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });

/** Names a state of an answer that has no digest. */
export const etagOf = (body: Answer["body"]): string => `"${Bun.hash(body).toString(36)}"`;

/** Forms an answer; 304 where the client has it already. */
function formOf(view: View, answer: Answer, { header, variesByAccept }: AnswerContext): ResponseForm {
  const { status, headers, body, freshness = "changing" } = answer;
  const caching = cachingHeaders(view, freshness, variesByAccept);
  if (body.length === 0) return { status, headers: { ...headers, ...caching }, body: null };
  const all: Record<string, string> = { ...headers, ...caching, "X-Content-Type-Options": "nosniff" };
  if (status === 200) {
    if (all["ETag"] === undefined && view.variesBy === undefined) all["ETag"] = etagOf(body);
    const known = header("if-none-match");
    if (known !== null && all["ETag"] !== undefined && matches(known, all["ETag"])) {
      const { "Content-Type": _type, "X-Content-Type-Options": _sniff, ...kept } = all;
      return { status: 304, headers: kept, body: null };
    }
  }
  return { status, headers: all, body };
}

const apiHeaders = ({ repository: { api } }: FileOf): HeaderFields => (api === "v2" ? V2_HEADERS : V1_HEADERS);

/** Answers HEAD from what the redirect file knows. */
function headOf(
  view: View,
  { isByDigest }: FileOf,
  known: NonNullable<FileOf["known"]>,
  asked: AnswerContext,
): ResponseForm {
  const { digest, mediaType, size } = known;
  const caching = cachingHeaders(view, isByDigest ? "immutable" : "changing", asked.variesByAccept);
  const headers = {
    ...V2_HEADERS,
    "Content-Type": mediaType,
    "Content-Length": String(size),
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    ETag: `"${digest}"`,
    ...caching,
  };
  const sent = asked.header("if-none-match");
  if (sent === null || !matches(sent, headers.ETag)) return { status: 200, headers, body: null };
  const { "Content-Type": _type, "Content-Length": _length, ...kept } = headers;
  return { status: 304, headers: kept, body: null };
}

function redirect(view: View, file: FileOf, asked: AnswerContext): ResponseForm {
  const { method, variesByAccept, isExplained } = asked;
  const { repository, path, isByDigest, known } = file;
  if (method === "HEAD" && known !== undefined) return headOf(view, file, known, asked);
  const { api, url } = repository;
  const Location = view.locations[api](url, path, method);
  const caching = cachingHeaders(view, isByDigest ? "located" : "changing", variesByAccept, api === "v2");
  const headers = { Location, ...apiHeaders(file), ...caching };
  if (!isExplained()) return { status: 302, headers, body: null };
  return { status: 204, headers: { ...headers, [EXPLAINED]: "302", "Cache-Control": "no-store" }, body: null };
}

function sendFile(view: View, content: Content, file: FileOf, asked: AnswerContext): Delivered {
  const { repository, path, missing } = file;
  const isPrivate = view.variesBy !== undefined;
  const { isByDigest } = file;
  const isListed =
    repository.version === 5 && !isByDigest
      ? (digest: string) => kindsOf(repository.manifests, digest as Digest) !== undefined
      : undefined;
  const response = content.serve(repository.repository, path, { ...asked, isByDigest, isPrivate, isListed });
  if (response === undefined) return answered(view, missing, asked);
  if (response.status >= 400) {
    const refusal = refusedFile(repository.api, response.status, Object.fromEntries(response.headers));
    return answered(view, refusal, asked);
  }
  for (const [name, value] of Object.entries(apiHeaders(file))) response.headers.set(name, value);
  const vary = varyOf(view, asked.variesByAccept);
  if (vary !== undefined) response.headers.set("Vary", vary);
  return { response };
}

/** Says whether nothing but the view decides an answer: all see the same, URLs are not signed, tags not learned. */
const isSteady = ({ variesBy, locations, learnedTags }: View): boolean =>
  variesBy === undefined && locations.signedFor === undefined && learnedTags === undefined;

function send(view: View, form: ResponseForm): Delivered {
  const { status, headers, body } = form;
  const isShort = typeof body !== "string" || body.length <= MAX_REPEATED_TEXT;
  const isRepeatable = isShort && (status === 200 || status === 302) && isSteady(view);
  return { response: new Response(body, { status, headers }), repeatable: isRepeatable ? { view, form } : undefined };
}

/** Makes the response of an answer, with what the observers tell of it. */
export function answered(view: View, answer: Answer, asked: AnswerContext): Delivered {
  const form = formOf(view, answer, asked);
  return { ...send(view, form), code: answer.code, size: form.body === null ? 0 : lengthOf(form.body) };
}

/** Makes the response to the decision of a handler. @see docs/request-handling.md */
export function deliver(view: View, outcome: Outcome, asked: AnswerContext): Delivered {
  if (!isFile(outcome)) return answered(view, outcome, asked);
  const content = view.content[outcome.repository.api];
  if (content !== undefined) return sendFile(view, content, outcome, asked);
  return { ...send(view, redirect(view, outcome, asked)), size: 0 };
}
