import { type AnyElysia, Elysia, ValidationError } from "elysia";
import { ValiError } from "valibot";
import type { Answer } from "./answer.ts";
import { answered } from "./deliver.ts";
import { apiOf, internalError, isV2ErrorCode, methodNotAllowed, notFound, v1Error, v2Error } from "./errors.ts";
import { cors } from "./plugins/cors.ts";
import { createObservation, type Delivered, type ObservationOptions } from "./plugins/observation.ts";
import { repeatedAnswers, variesByAccept } from "./plugins/repeated-answers.ts";
import { requests } from "./plugins/requests.ts";
import type { Registry } from "./registry.ts";
import { knownPaths, registryRoutes } from "./route.ts";
import { v1Table } from "./v1/routes.ts";
import { v2Table } from "./v2/routes.ts";

/** Told of a fault of the program, and the id of the request that met it. */
export type OnFault = (error: unknown, requestId: string) => void;

interface AppOptions {
  readonly registry: Registry;
  readonly observe: ObservationOptions;
  readonly onFault: OnFault;
  /** Origins of web pages that may read the registry. */
  readonly origins: readonly string[];
  /** Routes beside the registry: pages, documentation, management, the demo's static files. */
  readonly others: readonly AnyElysia[];
}

/** Code that the schema of a part of the request gives for its fault; undefined for another error. */
function validationCodeOf(error: unknown): string | undefined {
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
  return api === "v1" && code.startsWith("parameter") ? v1Error(400, code) : notFound(path);
}

/**
 * Makes the app: every route and plugin of the registry's port, top to bottom.
 *
 * @see docs/request-handling.md
 */
export function createApp({ registry, observe, onFault, origins, others }: AppOptions) {
  const table = [...v2Table, ...v1Table];
  const inTable = knownPaths(table);
  const observation = createObservation(observe, () => app.server);
  const app: AnyElysia = new Elysia({ name: "craned", strictPath: true, systemRouter: false, normalize: false })
    .use(observation.plugin)
    .use(repeatedAnswers(registry.publicView, observation))
    .use(requests)
    .use(origins.length === 0 ? new Elysia() : cors(origins))
    .onError(({ code, error, path, request, observed }): Delivered => {
      const known = knownAt(path);
      const answer = (): Answer => {
        const fault = validationCodeOf(error);
        if (fault !== undefined) return refusal(path, fault);
        if (code === "NOT_FOUND") {
          return known === undefined || request.method === "GET" ? notFound(path) : methodNotAllowed(path, known.allow);
        }
        onFault(error, observed.id());
        return internalError(path);
      };
      const delivered = answered(registry.publicView(), answer(), {
        method: "GET",
        header: () => null,
        variesByAccept: variesByAccept(path),
        isExplained: () => false,
      });
      return { ...delivered, route: known?.route };
    })
    .use(registryRoutes("/v2", v2Table, registry))
    .use(registryRoutes("/v1", v1Table, registry));
  for (const each of others) app.use(each);
  const paths = new Set(app.routes.filter(({ path }) => !/[:*]/.test(path)).map(({ path }) => path));
  const below = others.flatMap(({ routes }) =>
    routes.flatMap(({ path }) => (path.endsWith("/*") ? path.slice(0, -1) : [])),
  );
  const knownAt = (path: string) => {
    const known = inTable(path);
    if (known !== undefined) return known;
    const isThere = paths.has(path);
    if (!isThere && !below.some((start) => path.startsWith(start))) return undefined;
    return { route: isThere ? path : undefined, allow: "GET, HEAD" };
  };
  return app.compile();
}
