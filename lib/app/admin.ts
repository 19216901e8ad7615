import { Elysia } from "elysia";
import { v1Json, v2Json } from "./management/json.ts";
import { type Scope, visibleTo } from "./management/listing.ts";
import { renderPage } from "./management/page.ts";
import { CONTENT_SECURITY_POLICY } from "./management/policy.ts";
import { wantedForm } from "./management/wanted-form.ts";
import type { AdminDoor } from "./admin-door.ts";
import { toResponse } from "./answer.ts";
import type { Contexts } from "./context.ts";
import { described } from "./described/described.ts";
import type { ServiceOperations } from "./described/service.ts";
import { notFound } from "./errors.ts";

/** Where the pages are. */
export const ADMIN_BASE = "/crane/repositories";

/** What every answer of these pages has: they are of the moment, in two forms, and nobody's to embed or to guess at. */
const HEADERS = {
  "Cache-Control": "no-store",
  Vary: "Accept",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

const PAGE_HEADERS = {
  ...HEADERS,
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
};

/** Counted from 1; what is no number is the first. */
function pageNumber(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 1;
}

/**
 * The pages for administrators. To everybody else they do not exist: 404 rather than 403, so that nobody learns from
 * the answer what runs here, or that another address would have seen more.
 */
export function adminRoutes(contexts: Contexts, door: AdminDoor, operations: ServiceOperations) {
  const answer = (scope: Scope) => (request: Request) => {
    const url = new URL(request.url);
    const header = (name: string) => request.headers.get(name) ?? undefined;
    const source = door(header, contexts.of(request).peer);
    if (source === undefined) return toResponse(notFound(url.pathname));
    if (wantedForm(header("accept")) === "json") {
      const { v1, v2 } = visibleTo(source);
      const json = scope === "v2" ? v2Json(v2) : v1Json(v1);
      return new Response(json, { headers: { ...HEADERS, "Content-Type": "application/json" } });
    }
    const query = { scope, search: url.searchParams.get("q") ?? "", page: pageNumber(url.searchParams.get("page")) };
    return new Response(renderPage(source, query), { headers: PAGE_HEADERS });
  };
  const [all, v1, v2] = [answer("all"), answer("v1"), answer("v2")];
  return new Elysia({ name: "admin", prefix: ADMIN_BASE })
    .get("", ({ request }) => all(request), described(operations.repositories))
    .get("/v1", ({ request }) => v1(request), described(operations.v1Repositories))
    .get("/v2", ({ request }) => v2(request), described(operations.v2Repositories));
}
