import { Elysia } from "elysia";
import type { OpenApiDocument } from "../openapi/document.ts";
import { described } from "./described/described.ts";
import type { ServiceOperations } from "./described/service.ts";

/** The document as a text: the same from the server and from the command line. */
export const textOf = (document: OpenApiDocument): string => `${JSON.stringify(document, null, 2)}\n`;

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The OpenAPI document, for programs and for people. It is made when it is first asked for. */
export function documentationRoutes(describe: () => OpenApiDocument, operations: ServiceOperations) {
  const text = once(() => textOf(describe()));
  return new Elysia({ name: "documentation" }).get(
    "/openapi.json",
    () => new Response(text(), { headers: { "Content-Type": "application/json" } }),
    described(operations.document),
  );
}
