/** The OpenAPI document of an app, made from the schemas and the `detail` of its routes. */
import { toOpenAPISchema } from "@elysiajs/openapi";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { AnyElysia } from "elysia";
import type { GenericSchema } from "valibot";
import { version } from "../../package.json" with { type: "json" };

const ABOUT = `A read-only container registry that serves redirect files: they name the repositories, their tags and where the content is.

GET and HEAD have the same headers. In a path, nothing but \`%3A\` is decoded.`;

const TAGS = [
  { name: "v2", description: "The Docker Registry API v2, which the OCI distribution specification describes." },
  { name: "v1", description: "The Docker Registry API v1, which docker before 1.6 and `docker search` ask." },
  { name: "service", description: "Documentation and health, on the registry's port." },
  { name: "management", description: "Metrics, probes and repository pages, on a listener of their own." },
] as const;

const jsonSchemaOf = (schema: GenericSchema) => toJsonSchema(schema, { typeMode: "input", errorMode: "ignore" });

/** Describes the routes of an app. */
export function describeApp(app: AnyElysia): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "craned",
      version,
      summary: "Serve a container registry from static files.",
      description: ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: TAGS,
    ...toOpenAPISchema(app, undefined, undefined, { valibot: jsonSchemaOf }),
  };
}

/** Writes the document: the same from the server and from the command line. */
export const openApiText = (app: AnyElysia): string => `${JSON.stringify(describeApp(app), null, 2)}\n`;
