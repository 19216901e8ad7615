/** Descriptions of the routes of management. */
import * as v from "valibot";
import { always, sometimes, TEXT } from "../openapi/headers.ts";
import { momentary, type Operation, refTo } from "../openapi/operation.ts";
import { pageQuery } from "../pages/page-query.ts";

const VARY = { Vary: always("There are two forms.", { const: "Accept" }) };

const stateOf = (status: string, repositories: number, faults: number) => ({
  "application/json": { schema: refTo("Readiness"), example: { status, repositories, faults } },
});

export const READINESS: Operation = {
  tags: ["management"],
  operationId: "checkReadiness",
  summary: "Check that the process is ready",
  description: "The readiness probe.",
  responses: {
    200: momentary("The redirect files are loaded.", stateOf("ready", 3, 0)),
    503: momentary(
      "They are not yet loaded, or `broken`: there are faults, and no repository is served.",
      stateOf("broken", 0, 2),
    ),
  },
};

export const METRICS: Operation = {
  tags: ["management"],
  operationId: "readMetrics",
  summary: "Read metrics",
  description: "For Prometheus, in the text format 0.0.4 or, by the Accept header, OpenMetrics 1.0.",
  responses: {
    200: momentary(
      "Counters, gauges and histograms.",
      {
        "text/plain": { schema: { type: "string", pattern: "^# HELP " } },
        "application/openmetrics-text": { schema: { type: "string", pattern: "# EOF\\n$" } },
      },
      VARY,
    ),
  },
};

/** Query of the pages. */
export const PAGE_QUERY = v.object(pageQuery);

export const V1_EXAMPLE = {
  "demo/legacy": { image_ids: ["1".repeat(64)], tags: { latest: "1".repeat(64) }, protected: false },
};

const PAGE_HEADERS = {
  ...VARY,
  "Content-Security-Policy": sometimes("Of the page: it may ask no other host.", TEXT),
  "Referrer-Policy": always("No other host learns of this one.", { const: "no-referrer" }),
};

/** A list of repositories: a page, or JSON for clients that prefer it. */
export const repositories = (operationId: string, summary: string, schema: string, example: unknown): Operation => ({
  tags: ["management"],
  operationId,
  summary,
  description: "A page for browsers, or JSON in the shape of Crane 3.3.1 for clients that prefer it.",
  responses: {
    200: momentary(
      "The repositories.",
      { "application/json": { schema: refTo(schema), example }, "text/html": { schema: TEXT } },
      PAGE_HEADERS,
    ),
  },
});
