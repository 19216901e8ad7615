/** The document of all routes, as this program is configured. */
import type { Deployment } from "../openapi/deployment.ts";
import { type DescribedRoute, type DocumentFrame, documentOf, type OpenApiDocument } from "../openapi/document.ts";
import type { Operation, Schema } from "../openapi/operation.ts";
import { ERROR_SCHEMAS, FAILURE_COMPONENTS } from "./failures.ts";
import { PARAMETER_COMPONENTS } from "./grammar.ts";
import { OF_ALL } from "./headers.ts";
import { SERVICE_SCHEMAS } from "./service.ts";
import { V1_SCHEMAS } from "./v1.ts";
import { V2_SCHEMAS } from "./v2.ts";

const ABOUT = `A read-only container registry: it knows from redirect files where the content of each repository is, and sends the clients of the Docker Registry APIs there.

GET and HEAD have the same headers. Paths are matched as they are sent: what would have to be decoded or normalised first is 404.`;

const TAGS = [
  { name: "v2", description: "The Docker Registry API of today, which the OCI distribution specification describes." },
  { name: "v1", description: "What docker before 1.6 asks for, and searches." },
  { name: "service", description: "For those who run it. These paths may end in a slash, too." },
] as const;

function securityOf({ credentials, takesCertificates }: Deployment): Pick<DocumentFrame, "security"> & {
  readonly securitySchemes: DocumentFrame["components"]["securitySchemes"];
} {
  const schemes: Record<string, Schema> = {};
  if (credentials.kind === "basic") {
    schemes["password"] = { type: "http", scheme: "basic", description: "A user of the configured htpasswd file." };
  }
  if (credentials.kind === "bearer") {
    const { realm, service } = credentials;
    const description = `A token that ${realm} gives out for the service \`${service}\`. WWW-Authenticate names the scope that a request needs.`;
    schemes["token"] = { type: "http", scheme: "bearer", bearerFormat: "JWT", description };
  }
  const alone = Object.fromEntries(Object.keys(schemes).map((name) => [name, []]));
  if (!takesCertificates) return { securitySchemes: schemes, security: credentials.kind === "none" ? [] : [alone] };
  const certificate = {
    type: "mutualTLS",
    description: "A client certificate: its entitlements open protected repositories.",
  };
  return { securitySchemes: { ...schemes, certificate }, security: [alone, { ...alone, certificate: [] }] };
}

/** A route of the app, as Elysia tells of it. */
interface AppRoute {
  readonly method: string;
  readonly path: string;
  readonly hooks: { readonly detail?: unknown };
}

const ANSWERED_METHODS = ["GET", "POST"] as const;

/** Hands a description to Elysia, which keeps it beside the route and takes no notice of it. */
export const described = (operation: Operation): { readonly detail: object } => ({ detail: { operation } });

const isDescribed = (detail: unknown): detail is { readonly operation: Operation } =>
  typeof detail === "object" && detail !== null && "operation" in detail;

function describedRoute({ method, path, hooks: { detail } }: AppRoute): DescribedRoute[] {
  const known = ANSWERED_METHODS.find((each) => each === method);
  if (known === undefined || !isDescribed(detail)) return [];
  return [{ method: known, path: path.replace(/:(\w+)/g, "{$1}"), operation: detail.operation }];
}

/** Makes the document from the routes that there are. */
export function describeRoutes(routes: readonly AppRoute[], deployment: Deployment): OpenApiDocument {
  const { security, securitySchemes } = securityOf(deployment);
  return documentOf(routes.flatMap(describedRoute), {
    info: {
      title: "craned",
      version: deployment.version,
      summary: "A container registry out of static files.",
      description: ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: TAGS,
    security,
    headers: deployment.saysRequestIds ? OF_ALL : {},
    components: {
      schemas: { ...V2_SCHEMAS, ...V1_SCHEMAS, ...SERVICE_SCHEMAS, ...ERROR_SCHEMAS },
      parameters: PARAMETER_COMPONENTS,
      responses: FAILURE_COMPONENTS,
      securitySchemes,
    },
  });
}
