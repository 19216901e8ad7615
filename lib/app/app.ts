import { type AnyElysia, Elysia, ValidationError } from "elysia";
import { ValiError } from "valibot";
import type { Answer } from "./answer.ts";
import { toResponse } from "./deliver.ts";
import { apiOf, internalError, isV2ErrorCode, methodNotAllowed, notFound, v1Error, v2Error } from "./errors.ts";
import { type Observed, observation, type ObservationOptions } from "./plugins/observation.ts";
import { requests } from "./plugins/requests.ts";
import type { Registry } from "./registry.ts";
import { methodsOf, NO_ROUTE, registryRoutes } from "./route.ts";
import { v1Table } from "./v1/routes.ts";
import { v2Table } from "./v2/routes.ts";

/** Told of a fault of the program, and the id of the request that met it. */
export type OnFault = (error: unknown, requestId: string) => void;

interface AppOptions {
  readonly registry: Registry;
  readonly observe: ObservationOptions;
  readonly onFault: OnFault;
  /** Routes beside the registry: pages, documentation, management, the demo's static files. */
  readonly others: readonly AnyElysia[];
}

/** Code that the schema of a part of the request gives for its fault; undefined for another error. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof ValidationError) {
    const { valueError } = error as ValidationError & { readonly valueError?: { readonly message?: string } };
    return valueError?.message;
  }
  return error instanceof ValiError ? error.issues[0]?.message : undefined;
}

/** Words a part of a request that its schema refuses. @param code the message of the schema */
function refusal(path: string, code: string): Answer {
  const api = apiOf(path);
  if (api === "v2" && isV2ErrorCode(code)) return v2Error(code);
  return api === "v1" && code !== NO_ROUTE && code.startsWith("parameter") ? v1Error(400, code) : notFound(path);
}

/**
 * Makes the app: every route and plugin of the registry's port, top to bottom.
 *
 * @see docs/request-handling.md
 */
export function createApp({ registry, observe, onFault, others }: AppOptions) {
  const table = [...v2Table, ...v1Table];
  const methodsOfTable = methodsOf(table);
  const app = new Elysia({ name: "craned", strictPath: true, systemRouter: false, normalize: false })
    .use(observation(observe))
    .use(requests)
    .onError(({ code, error, path, request, observed, set }) => {
      const answerTo = (): Answer => {
        const fault = codeOf(error);
        if (fault !== undefined && fault !== NO_ROUTE) return refusal(path, fault);
        if (fault === NO_ROUTE || code === "NOT_FOUND") {
          const allow = methodsAt(path);
          return allow === undefined || request.method === "GET" ? notFound(path) : methodNotAllowed(path, allow);
        }
        onFault(error, observed.id);
        return internalError(path);
      };
      const answer = answerTo();
      set.status = answer.status;
      observed.code = answer.code;
      observed.response = toResponse(registry.publicView(), answer, {
        method: "GET",
        header: () => null,
        variesByAccept: /\/manifests\/[^/]*$/.test(path),
      });
      return observed.response;
    })
    .use(registryRoutes("/v2", v2Table, registry))
    .use(registryRoutes("/v1", v1Table, registry));
  for (const each of others) app.use(each);
  const paths = new Set(app.routes.filter(({ path }) => !/[:*]/.test(path)).map(({ path }) => path));
  const methodsAt = (path: string) => methodsOfTable(path) ?? (paths.has(path) ? "GET, HEAD" : undefined);
  return app.compile();
}

export type App = ReturnType<typeof createApp>;
export type { Observed };
