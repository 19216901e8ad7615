import { Elysia } from "elysia";
import { OPEN_METRICS_TYPE, TEXT_TYPE, writeOpenMetrics, writeText } from "../metrics/exposition.ts";
import { wantsOpenMetrics } from "../metrics/negotiation.ts";
import { toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { described } from "./described/described.ts";
import type { ServiceOperations } from "./described/service.ts";
import { notFound } from "./errors.ts";
import type { MetricsDoor } from "./metrics-door.ts";

export const METRICS_PATH = "/metrics";

/** What is measured, for Prometheus and what reads the same forms. To others it does not exist. */
export const metricsRoutes = (contexts: Contexts, door: MetricsDoor, { metrics }: ServiceOperations) =>
  new Elysia({ name: "metrics" }).get(
    METRICS_PATH,
    async ({ request }) => {
      const header = (name: string) => request.headers.get(name) ?? undefined;
      const gather = door(header, contexts.of(request).peer);
      if (gather === undefined) return toResponse(notFound(METRICS_PATH));
      const families = await gather();
      const [type, text] = wantsOpenMetrics(header("accept"))
        ? [OPEN_METRICS_TYPE, writeOpenMetrics(families)]
        : [TEXT_TYPE, writeText(families)];
      return new Response(text, { headers: { "Content-Type": type, "Cache-Control": "no-store", Vary: "Accept" } });
    },
    described(metrics),
  );
