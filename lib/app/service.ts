import type { Service } from "../http/connection.ts";
import { headerIn, headerLines } from "../http/fields.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Method } from "../core/location/sign.ts";
import { type Accept, parseAccept } from "../core/media-types.ts";
import { ADMIN_BASE } from "./admin.ts";
import { type Prepared, prepare, toResponse } from "./answer.ts";
import { type App, type OnError, ownPathsOf } from "./app.ts";
import type { Contexts } from "./context.ts";
import { internalError, methodNotAllowed, notFound, unavailable, unreadable } from "./errors.ts";
import { contentOf, isFound, type Outcome, redirectTo } from "./found.ts";
import { HEALTH_PATHS } from "./health.ts";
import { METRICS_PATH } from "./metrics.ts";
import { createRedirectMemo } from "./redirect-memo.ts";
import type { Admission, Admit, Asker, Registry, View } from "./registry.ts";
import type { RequestIds } from "./request-ids.ts";
import { apiOf, isPlainPath, parseTarget, type Route, type Target } from "./target.ts";
import { answerImage } from "./v1-answers.ts";
import { answerBlob, answerManifest, answerTags, V2_BASE } from "./v2-answers.ts";

const READ: readonly string[] = ["GET", "HEAD"];
const READ_OR_POST: readonly string[] = [...READ, "POST"];

const methodsOf = (route: Route): readonly string[] => (route === "v1.users" ? READ_OR_POST : READ);

const withoutBody = ({ head, route, status, code }: Prepared): Prepared => ({ head, body: "", route, status, code });

/** The path that Elysia routes by: a name becomes one segment. */
function elysiaPath({ route, name, rest, query }: Target, target: string): string {
  const search = query === "" ? "" : `?${query}`;
  const segment = encodeURIComponent(name);
  switch (route) {
    case "v2.base":
      return "/v2/";
    case "v2.manifests":
    case "v2.blobs":
    case "v2.tags":
    case "v2.referrers":
      return `/v2/${segment}/${route.slice("v2.".length)}/${encodeURIComponent(rest)}${search}`;
    case "v1.users":
      return "/v1/users";
    case "v1.images":
    case "v1.tags":
      return `/v1/repositories/${segment}/${route.slice("v1.".length)}`;
    case "v1.tag":
      return `/v1/repositories/${segment}/tags/${encodeURIComponent(rest)}`;
    case "v1.image":
      return `/v1/images/${segment}/${encodeURIComponent(rest)}`;
    default:
      return target;
  }
}

// The client's Host goes along as a header; in the URL it could only keep the URL from being one.
const ORIGIN = "http://craned";

function requestOf(head: RequestHead, path: string): Request {
  const headers = new Headers();
  for (const [name, value] of headerLines(head.fields)) headers.append(name, value);
  return new Request(ORIGIN + path, { method: head.method === "HEAD" ? "GET" : head.method, headers });
}

/** For a client that finds no room: places become free all the time. */
const RETRY_AFTER_SECONDS = 1;

interface ServiceOptions {
  readonly app: App;
  readonly contexts: Contexts;
  readonly registry: Registry;
  readonly onError: OnError;
  readonly ids: RequestIds;
}

/** A service that says of answers which are ready what sort they are. */
export interface RegistryService extends Service {
  readonly answerNow: (head: RequestHead, peer: string) => Prepared | undefined;
}

/** Whether a client must be let in first: health is for everybody, the APIs may not be. */
export const isGuarded = (route: Route): boolean =>
  route !== "other" && route !== "v1.unknown" && route !== "v2.unknown";

/**
 * What stands between the connection and the typed routes.
 *
 * Redirects and lists of tags, which are nearly all of the traffic, are answered here without Elysia, by the same
 * functions that the routes call. Everything else is refused here or becomes a request that Elysia can route.
 *
 * @see docs/request-handling.md
 */
export function createService({ app, contexts, registry, ids, onError }: ServiceOptions): RegistryService {
  const memo = createRedirectMemo();
  /** What could not be decided at once, so that nobody is asked twice. */
  const underway = new WeakMap<RequestHead, Promise<Admission>>();
  /** What is there beside the APIs, for requests that do not go as far as the app. */
  const ownPaths = ownPathsOf(app);
  const { publicView, admit } = registry;

  const isThere = (path: string, { fields }: RequestHead, peer: string): boolean => {
    if (!ownPaths.has(path)) return false;
    const header = (name: string) => headerIn(fields, name);
    if (path.startsWith(ADMIN_BASE)) return registry.admin(header, peer) !== undefined;
    if (path === METRICS_PATH) return registry.metrics(header, peer) !== undefined;
    return !HEALTH_PATHS.includes(path) || registry.health(header, peer);
  };

  const decide = (view: View, target: Target, accept: Accept): Outcome | undefined => {
    switch (target.route) {
      case "v2.manifests":
        return answerManifest(view, target.name, target.rest, accept);
      case "v2.blobs":
        return answerBlob(view, target.name, target.rest);
      case "v2.tags":
        return target.rest === "list" ? answerTags(view, target.name, target.query) : undefined;
      case "v1.image":
        return answerImage(view, target.name, target.rest);
      case "v2.base":
        return V2_BASE;
      default:
        return undefined;
    }
  };

  /** The answer without waiting for anything; undefined when a file has to be read for it. */
  const answerFrom = (view: View, target: Target, accept: Accept, method: Method): Prepared | undefined => {
    const outcome = decide(view, target, accept);
    if (outcome === undefined || (isFound(outcome) && contentOf(view, outcome) !== undefined)) return undefined;
    return prepare(isFound(outcome) ? redirectTo(view, outcome, method) : outcome, target.route);
  };

  const answerPublicly = (head: RequestHead, method: Method): Prepared | undefined => {
    const view = publicView();
    const redirects = memo.for(view, head.accept);
    const known = redirects.answers.get(head.target);
    if (known !== undefined) return known;
    const answer = answerFrom(view, parseTarget(head.target), redirects.accept, method);
    if (answer?.status === 302 && view.locations.areLasting) memo.keep(redirects, head, answer);
    return answer;
  };

  const askerOf = (head: RequestHead, peer: string, target: Target): Asker => ({
    peer,
    target,
    header: (name) => headerIn(head.fields, name),
  });

  const answerAdmitted = (door: Admit, head: RequestHead, peer: string, method: Method): Prepared | undefined => {
    const target = parseTarget(head.target);
    if (!isGuarded(target.route)) return undefined;
    const admission = door(askerOf(head, peer, target));
    if (admission instanceof Promise) {
      underway.set(head, admission);
      return undefined;
    }
    if (!admission.isAdmitted) return prepare(admission.answer, target.route);
    if (admission.view === publicView()) return answerPublicly(head, method);
    return answerFrom(admission.view, target, parseAccept(head.accept), method);
  };

  const answerInTime = async (head: RequestHead, peer: string, isExtra: boolean): Promise<Response> => {
    const target = parseTarget(head.target);
    const path = head.target.split("?", 1)[0] ?? "";
    const isUnknown = target.route === "v1.unknown" || target.route === "v2.unknown" || !isPlainPath(path);
    if (isUnknown || (target.route === "other" && apiOf(path) !== undefined)) return toResponse(notFound(path));
    const methods = methodsOf(target.route);
    if (!methods.includes(head.method)) {
      const isKnown = target.route !== "other" || isThere(path, head, peer);
      return toResponse(isKnown ? methodNotAllowed(path, methods) : notFound(path));
    }
    // Health is answered even so: whoever is told nothing restarts the process, and ends all pulls with it.
    if (isExtra && isGuarded(target.route)) return toResponse(unavailable(target.route, RETRY_AFTER_SECONDS));
    const admission = isGuarded(target.route)
      ? await (underway.get(head) ?? admit?.(askerOf(head, peer, target)))
      : undefined;
    if (admission?.isAdmitted === false) return toResponse(admission.answer);
    const request = requestOf(head, elysiaPath(target, head.target));
    const method = head.method === "HEAD" ? "HEAD" : "GET";
    contexts.put(request, { view: admission?.view ?? publicView(), method, peer, requestId: ids.of(head) });
    return app.fetch(request);
  };

  return {
    answerNow(head, peer) {
      const { method } = head;
      if (method !== "GET" && method !== "HEAD") return undefined;
      const answer = admit === undefined ? answerPublicly(head, method) : answerAdmitted(admit, head, peer, method);
      return answer === undefined || method === "GET" ? answer : withoutBody(answer);
    },
    answer: (head, peer, isExtra) =>
      answerInTime(head, peer, isExtra).catch((error) => {
        onError(error, ids.of(head));
        return toResponse(internalError(head.target));
      }),
    refuse: (fault) => toResponse(unreadable(fault)),
    onError,
  };
}
