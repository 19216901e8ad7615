import { type AnyElysia, Elysia } from "elysia";
import { toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { internalError, notFound } from "./errors.ts";
import { createAnswering } from "./found.ts";
import type { Registry } from "./registry.ts";
import { typedRoutes } from "./typed.ts";

/** Told of a fault of our own, and the id of the request that met it. */
export type OnError = (error: unknown, requestId?: string) => void;

interface AppOptions {
  readonly contexts: Contexts;
  readonly registry: Registry;
  readonly onError: OnError;
  /** Further routes outside of /v1 and /v2, as the demo's static files. */
  readonly extra?: AnyElysia;
}

/** All typed routes in one app. What no route takes, and what fails in one, is worded in `errors.ts`. */
export function createApp({ contexts, registry, onError, extra = new Elysia() }: AppOptions) {
  const answer = createAnswering(contexts);
  return new Elysia({ name: "craned", aot: true })
    .onError(({ code, error, request }) => {
      const { pathname } = new URL(request.url);
      if (code === "NOT_FOUND") return toResponse(notFound(pathname));
      onError(error, contexts.of(request).requestId);
      return toResponse(internalError(pathname));
    })
    .use(typedRoutes({ answer, contexts, ...registry }, registry.deployment))
    .use(extra)
    .compile();
}

/** The paths of all routes that are one path each; those beside the APIs are among them. */
export const ownPathsOf = (app: App): ReadonlySet<string> =>
  new Set(app.routes.map(({ path }) => path).filter((path) => !/[:*]/.test(path)));

export type App = ReturnType<typeof createApp>;
