import { Elysia } from "elysia";
import type { Registry } from "./registry.ts";

/** For whoever restarts the process, and for whoever sends it traffic. */
export const healthRoutes = (registry: Registry) =>
  new Elysia({ name: "health" })
    .get("/healthz", () => Response.json({ status: "alive" }))
    .get("/readyz", () => {
      const { isLoaded, repositories, faults } = registry.readiness();
      const status = isLoaded ? "ready" : "loading";
      return Response.json({ status, repositories, faults }, { status: isLoaded ? 200 : 503 });
    });
