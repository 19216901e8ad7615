/** Gives answers again that were given before: most requests are the same few, and deciding is half of answering. */
import { Elysia } from "elysia";
import { handlerAtOnce, hookAtOnce } from "../at-once.ts";
import type { ResponseForm } from "../answer.ts";
import type { View } from "../view.ts";
import { type Delivered, isDelivered, type RequestContext, type RequestObservation } from "./observation.ts";
import { methodOf } from "./requests.ts";

/** Answers that are kept for each method and Accept header; when there are more, they begin anew. */
const MAX_ANSWERS = 4096;
/** Methods and Accept headers: clients send the same few. */
const MAX_KINDS = 12;
/** Requests among which one is recognised that was made before. */
const RECENT = 65_536;
/** In characters. */
const MAX_ACCEPT_LENGTH = 1024;

/** Paths whose answers, errors too, depend on the Accept header. */
export const variesByAccept = (path: string): boolean => /^\/v2\/.*\/manifests\//.test(path);

interface KeptAnswer extends Pick<ResponseForm, "status" | "body">, Pick<Delivered, "size" | "route"> {
  /** Copied faster than a record is read. */
  readonly headers: Headers;
}

/** The parts of a request, beside its path, that tell kept answers apart. */
interface RequestKind {
  readonly method: "GET" | "HEAD";
  readonly accept: string;
}

/** Returns the kind of a request; undefined for a request that no answer is kept for. */
function kindOf(path: string, request: Request): RequestKind | undefined {
  const method = methodOf(request);
  if ((method !== "GET" && method !== "HEAD") || request.url.includes("?")) return undefined;
  const accept = variesByAccept(path) ? (request.headers.get("accept") ?? "") : "";
  return accept.length > MAX_ACCEPT_LENGTH ? undefined : { method, accept };
}

/** Recognises paths that were requested recently. A path that is requested once is not worth keeping. */
function createRecent(): (path: string) => boolean {
  const hashes = new Uint32Array(RECENT);
  return (path) => {
    const hash = Bun.hash.xxHash32(path);
    const at = hash % hashes.length;
    const isKnown = hashes[at] === hash;
    hashes[at] = hash;
    return isKnown;
  };
}

/** Keeps answers as long as one view is the present one. */
function createMemory(publicView: () => View) {
  const isRecent = createRecent();
  let kept: (RequestKind & { readonly answers: Map<string, KeptAnswer> })[] = [];
  let seen = publicView();
  const answersFor = ({ method, accept }: RequestKind) => {
    for (const each of kept) if (each.accept === accept && each.method === method) return each.answers;
    return undefined;
  };
  return {
    recall(path: string, request: Request): Delivered | undefined {
      const view = publicView();
      if (view !== seen) {
        seen = view;
        kept = [];
      }
      const kind = kindOf(path, request);
      const answer = kind && answersFor(kind)?.get(path);
      if (answer === undefined) return undefined;
      const { status, headers, body, size, route } = answer;
      if (status === 200 && request.headers.get("if-none-match") !== null) return undefined;
      return { response: new Response(body, { status, headers }), size, route };
    },
    keep(path: string, request: Request, { size, route, repeatable }: Delivered): void {
      if (repeatable === undefined || repeatable.view !== seen) return;
      const kind = kindOf(path, request);
      if (kind === undefined || !isRecent(path)) return;
      let answers = answersFor(kind);
      if (answers === undefined) {
        answers = new Map();
        kept = [{ ...kind, answers }, ...kept.slice(0, MAX_KINDS - 1)];
      }
      if (answers.size === MAX_ANSWERS) answers.clear();
      const { status, headers, body } = repeatable.form;
      answers.set(path, { status, headers: new Headers(headers), body, size, route });
    },
  };
}

type Context = RequestContext & Parameters<RequestObservation["conclude"]>[0] & { readonly response?: unknown };

/** Elysia's types of a plugin know nothing of other plugins, nor that the path is there before the route. */
const hook = (fn: (context: Context) => Response | undefined) =>
  hookAtOnce(fn as (context: object) => Response | undefined);

/** @param publicView the present view: another one makes all answers anew */
export function repeatedAnswers(publicView: () => View, { conclude }: RequestObservation) {
  const { recall, keep } = createMemory(publicView);
  // Elysia reads from the text of a hook which parts of a request it has to parse: all, if the context is handed on.
  return new Elysia({ name: "repeated answers" })
    .onRequest(
      hook(({ request, path, observed, set }) => {
        const delivered = recall(path, request);
        return delivered && conclude({ request, observed, set }, delivered);
      }),
    )
    .onAfterHandle(
      { as: "global" },
      // Here Elysia heeds no mark.
      handlerAtOnce(({ request, path, response }) => {
        if (isDelivered(response)) keep(path, request, response);
      }),
    );
}
