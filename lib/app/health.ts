import { Elysia } from "elysia";
import type { AddressDoor } from "./address-door.ts";
import { toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { described } from "./described/described.ts";
import type { ServiceOperations } from "./described/service.ts";
import { notFound } from "./errors.ts";
import { isReady, type Readiness } from "./registry.ts";

const ALIVE_PATH = "/healthz";
const READY_PATH = "/readyz";

export const HEALTH_PATHS: readonly string[] = [ALIVE_PATH, READY_PATH];

/** Loading, until the data directory has been read; broken, when all that is there to serve is in error. */
function statusOf(readiness: Readiness): "ready" | "loading" | "broken" {
  if (isReady(readiness)) return "ready";
  return readiness.isLoaded ? "broken" : "loading";
}

/** For whoever restarts the process, and for whoever sends it traffic. To others they do not exist. */
export function healthRoutes(
  contexts: Contexts,
  door: AddressDoor,
  readiness: () => Readiness,
  { health, ready }: ServiceOperations,
) {
  const toWhoMayAsk =
    (path: string, answer: () => Response) =>
    ({ request }: { readonly request: Request }) => {
      const mayAsk = door((name) => request.headers.get(name) ?? undefined, contexts.of(request).peer);
      return mayAsk ? answer() : toResponse(notFound(path));
    };
  const alive = () => Response.json({ status: "alive" });
  const readyOrNot = () => {
    const now = readiness();
    const { repositories, faults } = now;
    return Response.json({ status: statusOf(now), repositories, faults }, { status: isReady(now) ? 200 : 503 });
  };
  return new Elysia({ name: "health" })
    .get(ALIVE_PATH, toWhoMayAsk(ALIVE_PATH, alive), described(health))
    .get(READY_PATH, toWhoMayAsk(READY_PATH, readyOrNot), described(ready));
}
