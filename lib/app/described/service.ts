/** What the routes beside the registry say of themselves. */
import type { Deployment } from "../openapi/deployment.ts";
import { type Operation, refTo, type Schema } from "../openapi/operation.ts";
import { commonAnswers, jsonAnswer } from "./answers.ts";
import { failure } from "./failures.ts";
import { PATTERN } from "./grammar.ts";
import { OF_PAGES } from "./headers.ts";

const COUNT = { type: "integer", minimum: 0 } as const;

export const SERVICE_SCHEMAS: Readonly<Record<string, Schema>> = {
  Readiness: {
    title: "Readiness",
    type: "object",
    required: ["status", "repositories", "faults"],
    additionalProperties: false,
    properties: {
      status: { enum: ["ready", "loading", "broken"] },
      repositories: { ...COUNT, description: "How many are served." },
      faults: { ...COUNT, description: "Files and directories in error." },
    },
  },
  V1Repositories: {
    title: "V1Repositories",
    description: "By name.",
    type: "object",
    additionalProperties: {
      type: "object",
      required: ["image_ids", "tags", "protected"],
      additionalProperties: false,
      properties: {
        image_ids: { type: "array", items: { type: "string", pattern: PATTERN.imageId } },
        tags: { type: "object", additionalProperties: { type: "string", pattern: PATTERN.imageId } },
        protected: { type: "boolean" },
      },
    },
  },
  V2Repositories: {
    title: "V2Repositories",
    description: "By name.",
    type: "object",
    additionalProperties: {
      type: "object",
      required: ["protected"],
      additionalProperties: false,
      properties: { protected: { type: "boolean" } },
    },
  },
};

const COMMON = { tags: ["service"], security: [], otherMethods: failure("MethodNotAllowed") } as const;

const HTML = { "text/html": { schema: { type: "string" } } } as const;

const NO_STORE = {
  "Cache-Control": { description: "It is of the moment.", required: true, schema: { const: "no-store" } },
  Vary: { description: "It has two forms.", required: true, schema: { const: "Accept" } },
} as const;

const readiness = (statuses: readonly string[], example: object) => ({
  schema: { ...refTo("schemas", "Readiness"), properties: { status: { enum: statuses } } },
  example,
});

/** Each is for the route of its name. */
export function serviceOperations(deployment: Deployment) {
  const common = commonAnswers(undefined, deployment);

  const health: Operation = {
    ...COMMON,
    operationId: "checkHealth",
    summary: "Is it alive?",
    description: "For whoever restarts the process. Addresses can be shut out by the configuration.",
    responses: {
      200: jsonAnswer("It is.", {
        schema: { type: "object", required: ["status"], properties: { status: { const: "alive" } } },
        example: { status: "alive" },
      }),
      ...common,
      404: failure("NotFound"),
    },
  };

  const ready: Operation = {
    ...COMMON,
    operationId: "checkReadiness",
    summary: "Is it ready?",
    description: "For whoever sends it traffic. Addresses can be shut out by the configuration.",
    responses: {
      200: jsonAnswer(
        "The redirect files are loaded.",
        readiness(["ready"], { status: "ready", repositories: 3, faults: 0 }),
      ),
      ...common,
      404: failure("NotFound"),
      503: jsonAnswer(
        "They are not yet, or `broken`: there are faults, and not a single repository is served.",
        readiness(["loading", "broken"], { status: "broken", repositories: 0, faults: 2 }),
      ),
    },
  };

  const metrics: Operation = {
    ...COMMON,
    operationId: "readMetrics",
    summary: "What is measured",
    description:
      "For Prometheus. Only addresses that the configuration allows see that there is anything; nothing is measured where it allows none.",
    parameters: [
      {
        name: "Accept",
        in: "header",
        description: "`application/openmetrics-text` gets OpenMetrics 1.0, all else the text format 0.0.4.",
        schema: { type: "string" },
        example: "application/openmetrics-text; version=1.0.0",
      },
    ],
    responses: {
      200: {
        description: "Counters, gauges and histograms.",
        headers: NO_STORE,
        content: {
          "text/plain": { schema: { type: "string", pattern: "^# HELP " } },
          "application/openmetrics-text": { schema: { type: "string", pattern: "# EOF\\n$" } },
        },
      },
      ...common,
      404: failure("NotFound"),
    },
  };

  const page = (operationId: string, summary: string, schema: string, example: unknown): Operation => ({
    ...COMMON,
    operationId,
    summary,
    description:
      "A page for people, or JSON for who asks for it more than for HTML. Only addresses that the configuration allows see that there is one.",
    parameters: [
      {
        name: "Accept",
        in: "header",
        description: "`application/json` gets JSON.",
        schema: { type: "string" },
        example: "application/json",
      },
      { name: "q", in: "query", description: "On the page: what names contain.", schema: { type: "string" } },
      { name: "page", in: "query", description: "On the page: which part, from 1.", schema: { type: "string" } },
    ],
    responses: {
      200: {
        description: "The repositories.",
        headers: { ...OF_PAGES, "Content-Security-Policy": CSP_OF_HTML, ...NO_STORE },
        content: { "application/json": { schema: refTo("schemas", schema), example }, ...HTML },
      },
      ...common,
      404: failure("NotFound"),
    },
  });
  const v1Example = {
    "demo/legacy": { image_ids: ["1".repeat(64)], tags: { latest: "1".repeat(64) }, protected: false },
  };

  const document: Operation = {
    ...COMMON,
    operationId: "getDocument",
    summary: "This document",
    description: "What `craned openapi` prints, too.",
    responses: {
      200: jsonAnswer("It.", {
        schema: { type: "object", required: ["openapi"], properties: { openapi: { const: "3.1.1" } } },
      }),
      ...common,
    },
  };

  const docs: Operation = {
    ...COMMON,
    operationId: "readDocument",
    summary: "This document, for people",
    description: "A page that asks no other host for anything.",
    responses: {
      200: { description: "The page.", headers: OF_PAGES, content: HTML },
      ...common,
    },
  };

  return {
    health,
    ready,
    metrics,
    document,
    docs,
    repositories: page("listForPeople", "The repositories, for people", "V1Repositories", v1Example),
    v1Repositories: page("listV1ForPeople", "Those of version 1", "V1Repositories", v1Example),
    v2Repositories: page("listV2ForPeople", "Those of version 2", "V2Repositories", {
      "demo/hello": { protected: false },
    }),
  };
}

const CSP_OF_HTML = { ...OF_PAGES["Content-Security-Policy"], description: "With HTML.", required: false, schema: {} };

/** All of them, for the routes to take theirs from. */
export type ServiceOperations = ReturnType<typeof serviceOperations>;
