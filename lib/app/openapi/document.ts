/** The OpenAPI document, made from the schemas and the `detail` of the routes for the configuration at hand. */
import { toOpenAPISchema } from "@elysiajs/openapi";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { AnyElysia } from "elysia";
import type { GenericSchema } from "valibot";
import { version } from "../../../package.json" with { type: "json" };
import { EXPLAIN } from "../answer.ts";
import { REQUEST_ID } from "../plugins/observation.ts";
import { COMPONENTS } from "./components.ts";
import { always, CHALLENGE, type JsonSchema, RETRY_AFTER, sometimes, TEXT } from "./headers.ts";
import { type Deployment, type Described, momentary, type Responses, v1Failure, v2Failure } from "./operation.ts";

const ABOUT = `A read-only container registry that serves redirect files: they name the repositories, their tags and where the content is.

GET and HEAD have the same headers. Another method is answered 405, with \`Allow\`. In a path, nothing but \`%3A\` is decoded. Malformed HTTP is answered by the HTTP server, before the registry sees it.

With \`?${EXPLAIN}\`, a redirect is described instead of made: 204 with its headers, for pages that browsers don't show them to.`;

const ABOUT_CORS =
  "Web pages of the configured origins may read the registry's answers to GET and HEAD. OPTIONS answers their preflights with 204.";

const TAGS = [
  { name: "v2", description: "The Docker Registry API v2, which the OCI distribution specification describes." },
  { name: "v1", description: "The Docker Registry API v1, which docker before 1.6 and `docker search` ask." },
  { name: "service", description: "Documentation and health, on the registry's port." },
  {
    name: "management",
    description: "Metrics, readiness and the repository pages, on a listener of their own unless configured otherwise.",
  },
] as const;

/** The apps and the configuration that the document describes. */
export interface DescribedApps {
  readonly app: AnyElysia;
  /** App of the management listener. */
  readonly management: AnyElysia;
  readonly deployment: Deployment;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface OperationObject {
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Responses;
}

type Paths = Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;

const jsonSchemaOf = (schema: GenericSchema) =>
  toJsonSchema(schema, {
    typeMode: "input",
    errorMode: "ignore",
    // A query parameter that is repeated: the first counts.
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === "union" ? { type: "string" } : undefined),
  });

const pathsOf = (app: AnyElysia): Paths =>
  toOpenAPISchema(app, { staticFile: false }, undefined, { valibot: jsonSchemaOf }).paths as Paths;

/** Headers that HTTP itself has, which OpenAPI wants no parameters for. */
const OF_HTTP: readonly string[] = ["accept", "host"];

/** Lifts description and example out of a parameter's schema, where tools look for them. */
function parameterOf({ schema: whole, ...rest }: Parameter): object {
  const { description, examples, required = rest.required, default: _, ...schema } = whole;
  const [example] = Array.isArray(examples) ? examples : [];
  return { ...rest, required, description, ...(example !== undefined && { example }), schema };
}

/** Returns the answers that any request for a path may get. */
function commonResponses(path: string, { credentials }: Deployment): Responses {
  const api = path.startsWith("/v2") ? "v2" : path.startsWith("/v1") ? "v1" : undefined;
  if (api === undefined) return {};
  const [unauthorized, busy, fault] =
    api === "v2"
      ? [v2Failure(["UNAUTHORIZED"], CHALLENGE), v2Failure(["TOOMANYREQUESTS"], RETRY_AFTER), v2Failure(["UNKNOWN"])]
      : [
          v1Failure("The client must authenticate.", "Unauthorized", CHALLENGE),
          v1Failure("Too many passwords wait to be checked.", "Too Many Requests", RETRY_AFTER),
          v1Failure("A fault of the registry, which its log explains.", "Internal Server Error"),
        ];
  return {
    ...(credentials.kind !== "none" && { 401: unauthorized }),
    ...(credentials.kind === "basic" && { 429: busy }),
    500: fault,
  };
}

const REQUEST_IDS = {
  [REQUEST_ID]: always("The id of the request, which the log has too.", {
    type: "string",
    pattern: "^[\\w.:@+/=-]{1,128}$",
  }),
};

/** Headers for web pages of other origins. */
const CORS = {
  "Access-Control-Allow-Origin": sometimes("The origin that may read the answer.", TEXT),
  "Access-Control-Allow-Credentials": sometimes("The page may send credentials.", { const: "true" }),
  "Access-Control-Expose-Headers": sometimes("The headers that the page may read.", TEXT),
};

/** Completes an operation with what all operations of its kind have. */
function completed(path: string, method: string, operation: OperationObject, deployment: Deployment): object {
  const isRegistry = /^\/v[12]/.test(path);
  const { parameters = [], responses } = operation;
  const added = {
    ...(deployment.sendsIds && REQUEST_IDS),
    ...(deployment.hasCors && isRegistry && method === "get" && CORS),
  };
  const all = Object.entries<Described>({ ...commonResponses(path, deployment), ...responses });
  return {
    ...operation,
    tags: operation.tags ?? [path.slice(1, 3)],
    ...(!isRegistry && !/^\/(?:r\/.*)?$/.test(path) && { security: [] }),
    parameters: parameters.filter(({ name }) => !OF_HTTP.includes(name)).map(parameterOf),
    responses: Object.fromEntries(
      all.map(([status, each]) => [status, { ...each, headers: { ...each.headers, ...added } }]),
    ),
  };
}

const FOREIGN_HOST = momentary("The Host of the request is not known.", {
  "text/plain": { schema: TEXT, example: "Forbidden: an unknown Host; add it to [management] hosts\n" },
});

function securityOf({ credentials, takesCertificates }: Deployment) {
  const schemes: Record<string, JsonSchema> = {};
  if (credentials.kind === "basic") {
    schemes["password"] = { type: "http", scheme: "basic", description: "A user of the configured htpasswd file." };
  }
  if (credentials.kind === "bearer") {
    const { realm, service } = credentials;
    const description = `A token from ${realm} for the service \`${service}\`. WWW-Authenticate names the scope that a request needs.`;
    schemes["token"] = { type: "http", scheme: "bearer", bearerFormat: "JWT", description };
  }
  const alone = Object.fromEntries(Object.keys(schemes).map((name) => [name, []]));
  if (!takesCertificates) return { schemes, security: credentials.kind === "none" ? [] : [alone] };
  const description = "A client certificate, whose entitlements open protected repositories.";
  return {
    schemes: { ...schemes, certificate: { type: "mutualTLS", description } },
    security: [alone, { ...alone, certificate: [] }],
  };
}

/** Describes the routes of the registry's port and of management. */
function describeApps({ app, management, deployment }: DescribedApps): object {
  const { schemes, security } = securityOf(deployment);
  const paths = pathsOf(app);
  const managed = deployment.management === undefined ? {} : pathsOf(management);
  const elsewhere = Object.entries(managed).filter(([path]) => !Object.hasOwn(paths, path));
  const item = (path: string, operations: Paths[string], of = deployment) =>
    Object.fromEntries(Object.entries(operations).map(([method, each]) => [method, completed(path, method, each, of)]));
  return {
    openapi: "3.1.1",
    info: {
      title: "craned",
      version,
      summary: "Serve a container registry from static files.",
      description: deployment.hasCors ? `${ABOUT}\n\n${ABOUT_CORS}` : ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The registry" }],
    tags: TAGS,
    security,
    paths: Object.fromEntries([
      ...Object.entries(paths).map(([path, operations]) => [path, item(path, operations)]),
      ...elsewhere.map(([path, operations]) => {
        const refusing = Object.fromEntries(
          Object.entries(operations).map(([method, each]) => [
            method,
            { ...each, responses: { ...each.responses, 403: FOREIGN_HOST } },
          ]),
        );
        const pathItem = item(path, refusing, { ...deployment, sendsIds: false });
        return [path, { servers: [deployment.management], ...pathItem }];
      }),
    ]),
    components: { schemas: COMPONENTS, ...(Object.keys(schemes).length > 0 && { securitySchemes: schemes }) },
  };
}

/** Writes the document: the same from the server and from the command line. */
export const openApiText = (apps: DescribedApps): string => `${JSON.stringify(describeApps(apps), null, 2)}\n`;
