import { Elysia } from "elysia";
import { renderDocs } from "./docs/page.ts";
import { CONTENT_SECURITY_POLICY } from "./docs/policy.ts";
import type { OpenApiDocument } from "./openapi/document.ts";
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

const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** The OpenAPI document, for programs and for people. Each is made when it is first asked for. */
export function documentationRoutes(describe: () => OpenApiDocument, operations: ServiceOperations) {
  const text = once(() => textOf(describe()));
  const page = once(() => renderDocs(describe()));
  return new Elysia({ name: "documentation" })
    .get(
      "/openapi.json",
      () => new Response(text(), { headers: { "Content-Type": "application/json" } }),
      described(operations.document),
    )
    .get("/docs", () => new Response(page(), { headers: PAGE_HEADERS }), described(operations.docs));
}
