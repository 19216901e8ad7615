/** The OpenAPI document, and Swagger UI on a page that asks no other host. */
import { Elysia } from "elysia";
import sheet from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import bundle from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { etagOf, matches } from "../../deliver.ts";
import { always, sometimes, TEXT } from "../../openapi/headers.ts";
import type { Operation } from "../../openapi/operation.ts";
import { BAR_STYLE, type Bar, bar } from "../bar.ts";
import { ICON } from "../brand.ts";
import { html, textOf } from "../html.ts";
import { PALETTE } from "../palette.ts";
import start from "./start.js" with { type: "file" };

/** Nothing inline, nothing of another host. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The bar of all pages, and room for the words of Swagger UI's sections on phones. */
const STYLE = `${PALETTE}${BAR_STYLE}body { margin: 0; }
.bar { font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.bar > div { max-width: 1460px; padding-inline: 20px; }
.swagger-ui .info { margin: 1.75rem 0 1rem; }
@media (max-width: 40rem) { .swagger-ui .opblock-tag { display: grid; grid-template-columns: 1fr auto; } .swagger-ui .opblock-tag small { grid-row: 2; padding: 0; } }
`;

/** Makes the page. Its links are relative, so that they hold behind a proxy that adds a prefix. */
const pageWith = (shown: Bar): string =>
  textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>API documentation</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
${bar(shown)}
<main id="docs"><noscript>This page needs JavaScript. The document is at <a href="openapi.json">openapi.json</a>.</noscript></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`);

const HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy": POLICY,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Makes the answer to requests for one body, which is read when it is first asked for. */
function sending(type: string, read: () => string | Promise<string>) {
  let made: Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly etag: string }> | undefined;
  const make = async () => {
    const body = new TextEncoder().encode(await read());
    return { body, etag: etagOf(body) };
  };
  return async ({ request }: { readonly request: Request }): Promise<Response> => {
    made ??= make();
    const { body, etag } = await made;
    const headers = { ...HEADERS, ETag: etag };
    if (matches(request.headers.get("if-none-match") ?? "", etag)) return new Response(null, { status: 304, headers });
    return new Response(body, { headers: { ...headers, "Content-Type": type } });
  };
}

const ANSWER_HEADERS = {
  "Cache-Control": always("A cache must ask again.", { const: HEADERS["Cache-Control"] }),
  "Content-Security-Policy": always("The page may ask no other host.", TEXT),
  "Referrer-Policy": always("No other host learns of this one.", { const: HEADERS["Referrer-Policy"] }),
  "X-Content-Type-Options": always("The media type is meant.", { const: HEADERS["X-Content-Type-Options"] }),
  ETag: sometimes("Names the present state.", TEXT),
};

function detailOf(operationId: string, summary: string, description: string, content: object): { detail: Operation } {
  const responses = {
    200: { description: `${summary}.`, headers: ANSWER_HEADERS, content: content as Record<string, object> },
    304: { description: "The client has it already.", headers: ANSWER_HEADERS },
  };
  return { detail: { tags: ["service"], operationId, summary, description, responses } };
}

const HIDDEN = { detail: { hide: true } };
const SCRIPT = "text/javascript; charset=utf-8";

/** Makes the routes. @param document the text of the OpenAPI document @param shown the bar of the page */
export const documentation = (document: () => Promise<string>, shown: Bar) =>
  new Elysia({ name: "documentation" })
    .get(
      "/openapi.json",
      sending("application/json", document),
      detailOf("getDocument", "OpenAPI document", "This document, which `craned openapi` prints too.", {
        "application/json": { schema: { type: "object", required: ["openapi"], properties: { openapi: TEXT } } },
      }),
    )
    .get(
      "/docs",
      sending("text/html; charset=utf-8", () => pageWith(shown)),
      detailOf("readDocument", "API documentation", "This document for people. The page asks no other host.", {
        "text/html": { schema: TEXT },
      }),
    )
    .get(
      "/docs/swagger-ui.css",
      sending("text/css; charset=utf-8", () => Bun.file(sheet).text()),
      HIDDEN,
    )
    .get(
      "/docs/page.css",
      sending("text/css; charset=utf-8", () => STYLE),
      HIDDEN,
    )
    .get(
      "/docs/swagger-ui-bundle.js",
      sending(SCRIPT, () => Bun.file(bundle).text()),
      HIDDEN,
    )
    .get(
      "/docs/start.js",
      sending(SCRIPT, () => Bun.file(start).text()),
      HIDDEN,
    );
