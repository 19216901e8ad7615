/** Gives answers again that were given before: most requests are the same few, and deciding is half of answering. */
import { Elysia } from "elysia";
import { LRUCache } from "lru-cache";
import { hookAtOnce } from "../at-once.ts";
import type { View } from "../view.ts";
import { type Delivered, isDelivered, type RequestObservation, type RequestContext } from "./observation.ts";
import { methodOf } from "./requests.ts";

/** Answers that are kept for each Accept header. */
const MAX_ANSWERS = 4096;
/** Clients send the same few Accept headers. */
const MAX_ACCEPTS = 8;
/** In characters. */
const MAX_ACCEPT_LENGTH = 1024;

/** Paths whose answers, errors too, depend on the Accept header. */
export const variesByAccept = (path: string): boolean => /^\/v2\/.*\/manifests\//.test(path);

/** An answer that was given. Its response can be sent only once. */
interface KeptAnswer extends Omit<Delivered, "response" | "repeatable"> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array | null;
}

/** Says what an answer may depend on beside its path; undefined for a request that is not the common one. */
function acceptOf(path: string, request: Request): string | undefined {
  if (methodOf(request) !== "GET" || request.url.includes("?")) return undefined;
  if (!variesByAccept(path)) return "";
  const accept = request.headers.get("accept") ?? "";
  return accept.length > MAX_ACCEPT_LENGTH ? undefined : accept;
}

/** Elysia's types of a plugin know nothing of other plugins, nor that the path is there before the route. */
const contextOf = (context: object) => context as RequestContext & Parameters<RequestObservation["conclude"]>[0];

/** @param publicView the present view: another one makes all answers anew */
export function repeatedAnswers(publicView: () => View, { conclude }: RequestObservation) {
  const byAccept = new LRUCache<string, LRUCache<string, KeptAnswer>>({ max: MAX_ACCEPTS });
  let seen = publicView();
  const recall = ({ request, path }: RequestContext): Delivered | undefined => {
    const view = publicView();
    if (view !== seen) {
      seen = view;
      byAccept.clear();
    }
    const accept = acceptOf(path, request);
    const kept = accept === undefined ? undefined : byAccept.get(accept)?.get(path);
    if (kept === undefined) return undefined;
    const { status, headers, body, size, route } = kept;
    if (body !== null && request.headers.get("if-none-match") !== null) return undefined;
    return { response: new Response(body, { status, headers }), size, route };
  };
  const keep = ({ request, path }: RequestContext, { response, size, route, repeatable }: Delivered): void => {
    if (repeatable === undefined || repeatable.view !== seen) return;
    const accept = acceptOf(path, request);
    if (accept === undefined) return;
    const answers = byAccept.get(accept) ?? new LRUCache<string, KeptAnswer>({ max: MAX_ANSWERS });
    byAccept.set(accept, answers);
    const { status, headers } = response;
    answers.set(path, { status, headers: new Headers(headers), body: repeatable.body, size, route });
  };
  return new Elysia({ name: "repeated answers" })
    .onRequest(
      hookAtOnce((asked) => {
        const context = contextOf(asked);
        const delivered = recall(context);
        return delivered && conclude(context, delivered);
      }),
    )
    .onAfterHandle(
      { as: "global" },
      hookAtOnce((asked) => {
        if (isDelivered(asked.response)) keep(contextOf(asked), asked.response);
      }),
    );
}
