import type { PreparedAnswer, Service } from "../http/connection.ts";
import { headerLines } from "../http/fields.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Method } from "../location/sign.ts";
import type { Accept } from "../media-types.ts";
import { type Answer, prepare, toResponse } from "./answer.ts";
import type { App } from "./app.ts";
import { methodNotAllowed, notFound, unreadable } from "./errors.ts";
import { createRedirectMemo } from "./redirect-memo.ts";
import type { Registry, View } from "./registry.ts";
import { apiOf, isPlainPath, parseTarget, type Route, type Target } from "./target.ts";
import { answerImage } from "./v1-answers.ts";
import { answerBlob, answerManifest, V2_BASE } from "./v2-answers.ts";

const READ: readonly string[] = ["GET", "HEAD"];
const READ_OR_POST: readonly string[] = [...READ, "POST"];

const methodsOf = (route: Route): readonly string[] => (route === "v1.users" ? READ_OR_POST : READ);

const withoutBody = ({ head }: PreparedAnswer): PreparedAnswer => ({ head, body: "" });

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

/**
 * What stands between the connection and the typed routes.
 *
 * Redirects, which are nearly all of the traffic, are answered here without Elysia, by the same functions that the
 * routes call. Everything else is refused here or becomes a request that Elysia can route.
 *
 * @see docs/request-handling.md
 */
export function createService(app: App, registry: Registry, onError: (error: unknown) => void): Service {
  const memo = createRedirectMemo();

  const answerAtOnce = (view: View, target: Target, accept: Accept, method: Method): Answer | undefined => {
    switch (target.route) {
      case "v2.manifests":
        return answerManifest(view, target.name, target.rest, accept, method);
      case "v2.blobs":
        return answerBlob(view, target.name, target.rest, method);
      case "v1.image":
        return answerImage(view, target.name, target.rest);
      case "v2.base":
        return V2_BASE;
      default:
        return undefined;
    }
  };

  const answerToRead = (head: RequestHead, method: Method): PreparedAnswer | undefined => {
    const view = registry.view();
    const redirects = memo.for(view, head.accept);
    const known = redirects.answers.get(head.target);
    if (known !== undefined) return known;
    const answer = answerAtOnce(view, parseTarget(head.target), redirects.accept, method);
    if (answer === undefined) return undefined;
    const prepared = prepare(answer);
    if (answer.status === 302 && view.locations.areLasting) memo.keep(redirects, head.target, prepared);
    return prepared;
  };

  return {
    answerNow(head): PreparedAnswer | undefined {
      if (head.method === "GET") return answerToRead(head, "GET");
      const answer = head.method === "HEAD" ? answerToRead(head, "HEAD") : undefined;
      return answer === undefined ? undefined : withoutBody(answer);
    },
    async answer(head) {
      const target = parseTarget(head.target);
      const path = head.target.split("?", 1)[0] ?? "";
      const isUnknown = target.route === "v1.unknown" || target.route === "v2.unknown" || !isPlainPath(path);
      if (isUnknown || (target.route === "other" && apiOf(path) !== undefined)) return toResponse(notFound(path));
      const methods = methodsOf(target.route);
      if (!methods.includes(head.method)) return toResponse(methodNotAllowed(path, methods));
      return app.fetch(requestOf(head, elysiaPath(target, head.target)));
    },
    refuse: (fault) => toResponse(unreadable(fault)),
    onError,
  };
}
