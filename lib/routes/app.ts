import { type AnyElysia, Elysia } from "elysia";
import { adminRoutes } from "./admin.ts";
import { toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { internalError, notFound } from "./errors.ts";
import { createAnswering } from "./found.ts";
import { healthRoutes } from "./health.ts";
import type { Registry } from "./registry.ts";
import { v1Routes } from "./v1.ts";
import { v2Routes } from "./v2.ts";

interface AppOptions {
  readonly contexts: Contexts;
  readonly registry: Registry;
  readonly onError: (error: unknown) => void;
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
      onError(error);
      return toResponse(internalError(pathname));
    })
    .use(v2Routes(answer))
    .use(v1Routes(answer, registry.search))
    .use(healthRoutes(registry))
    .use(adminRoutes(contexts, registry.admin))
    .use(extra)
    .compile();
}

export type App = ReturnType<typeof createApp>;
