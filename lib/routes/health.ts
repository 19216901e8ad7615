import { Elysia } from "elysia";
import { described } from "./described/described.ts";
import type { ServiceOperations } from "./described/service.ts";
import type { Readiness } from "./registry.ts";

/** For whoever restarts the process, and for whoever sends it traffic. */
export const healthRoutes = (readiness: () => Readiness, { health, ready }: ServiceOperations) =>
  new Elysia({ name: "health" })
    .get("/healthz", () => Response.json({ status: "alive" }), described(health))
    .get(
      "/readyz",
      () => {
        const { isLoaded, repositories, faults } = readiness();
        const status = isLoaded ? "ready" : "loading";
        return Response.json({ status, repositories, faults }, { status: isLoaded ? 200 : 503 });
      },
      described(ready),
    );
