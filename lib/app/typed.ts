import { Elysia } from "elysia";
import type { Deployment } from "./openapi/deployment.ts";
import type { OpenApiDocument } from "./openapi/document.ts";
import type { Search } from "../search/search.ts";
import type { AddressDoor } from "./address-door.ts";
import { adminRoutes } from "./admin.ts";
import type { AdminDoor } from "./admin-door.ts";
import { type Contexts, createContexts } from "./context.ts";
import { describeRoutes } from "./described/described.ts";
import { serviceOperations } from "./described/service.ts";
import { documentationRoutes } from "./documentation.ts";
import type { Answering } from "./found.ts";
import { healthRoutes } from "./health.ts";
import { metricsRoutes } from "./metrics.ts";
import type { MetricsDoor } from "./metrics-door.ts";
import type { Readiness } from "./registry.ts";
import { v1Routes } from "./v1.ts";
import { v2Routes } from "./v2.ts";

/** What the routes ask. */
interface Asked {
  readonly answer: Answering;
  readonly contexts: Contexts;
  readonly search: Search;
  readonly readiness: () => Readiness;
  readonly admin: AdminDoor;
  readonly metrics: MetricsDoor;
  readonly health: AddressDoor;
}

/** All routes of the program, each with what it says of itself. */
export function typedRoutes(asked: Asked, deployment: Deployment) {
  const { answer, contexts, search, readiness, admin, metrics, health } = asked;
  const operations = serviceOperations(deployment);
  return new Elysia({ name: "typed" })
    .use(v2Routes(answer, deployment))
    .use(v1Routes(answer, search, deployment))
    .use(healthRoutes(contexts, health, readiness, operations))
    .use(metricsRoutes(contexts, metrics, operations))
    .use(adminRoutes(contexts, admin, operations))
    .use(documentationRoutes(() => describe(deployment), operations));
}

/** For routes that are made to be described, and never asked. */
const UNASKED: Asked = {
  answer: async () => new Response(),
  contexts: createContexts(),
  search: async () => ({ ok: true, results: [] }),
  readiness: () => ({ isLoaded: false, repositories: 0, faults: 0 }),
  admin: () => undefined,
  metrics: () => undefined,
  health: () => false,
};

/** The OpenAPI document of a program that is configured like this. */
export function describe(deployment: Deployment): OpenApiDocument {
  return describeRoutes(typedRoutes(UNASKED, deployment).routes, deployment);
}
