/** Management: metrics, probes and the repository pages. Whoever can connect may see them. */
import { isIP } from "node:net";
import { Elysia } from "elysia";
import type { View } from "../view.ts";
import { v1Json, v2Json } from "./json.ts";
import { type Scope, visibleTo } from "./listing.ts";
import { type PageSource, renderPage } from "./page.ts";
import { CONTENT_SECURITY_POLICY } from "./policy.ts";
import { type Readiness, readinessResponse } from "./readiness.ts";
import { wantedForm } from "./wanted-form.ts";
import { wantsOpenMetrics } from "./wants-open-metrics.ts";

/** What the routes of management read. */
export interface Management {
  readonly view: () => View;
  /** Whether protected repositories are shown. */
  readonly showProtected: boolean;
  /** How the present snapshot came about. */
  readonly load: () => Pick<PageSource, "problems" | "loadedAt">;
  readonly dataDir: string;
  readonly readiness: () => Readiness;
  /** Writes the metrics of all workers. */
  readonly metrics: (isOpenMetrics: boolean) => Promise<Response>;
}

/** Answers are of the moment, in two forms, and not to be embedded or guessed at. */
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

/** Counted from 1; the first where the text is no number. */
const pageNumber = (text: string | null): number => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 1);

const alive = (): Response => Response.json({ status: "alive" }, { headers: { "Cache-Control": "no-store" } });

/** The liveness probe, which the registry's port answers too. */
export const liveness = new Elysia({ name: "liveness" }).get("/healthz", alive, {
  detail: { tags: ["management"], operationId: "checkHealth", summary: "Check that the process is alive" },
});

/** Makes the routes of management. */
export function managementRoutes({ view, showProtected, load, dataDir, readiness, metrics }: Management) {
  const list = (scope: Scope) => (request: Request) => {
    const { catalog, maySee } = view();
    const source = { catalog, maySee: showProtected ? () => true : maySee, ...load(), dataDir };
    if (wantedForm(request.headers.get("accept") ?? undefined) === "json") {
      const { v1, v2 } = visibleTo(source);
      return new Response(scope === "v2" ? v2Json(v2) : v1Json(v1), {
        headers: { ...HEADERS, "Content-Type": "application/json" },
      });
    }
    const { searchParams } = new URL(request.url);
    const query = { scope, search: searchParams.get("q") ?? "", page: pageNumber(searchParams.get("page")) };
    return new Response(renderPage(source, query), { headers: PAGE_HEADERS });
  };
  const [all, v1, v2] = [list("all"), list("v1"), list("v2")];
  const detail = (operationId: string, summary: string) => ({ detail: { tags: ["management"], operationId, summary } });
  return new Elysia({ name: "management" })
    .use(liveness)
    .get("/readyz", () => readinessResponse(readiness()), detail("checkReadiness", "Check that the process is ready"))
    .get(
      "/metrics",
      ({ request }) => metrics(wantsOpenMetrics(request.headers.get("accept") ?? undefined)),
      detail("readMetrics", "Read metrics"),
    )
    .get("/crane/repositories", ({ request }) => all(request), detail("listForPeople", "List repositories"))
    .get("/crane/repositories/v1", ({ request }) => v1(request), detail("listV1ForPeople", "List v1 repositories"))
    .get("/crane/repositories/v2", ({ request }) => v2(request), detail("listV2ForPeople", "List v2 repositories"));
}

/** Host of a Host header, without its port. */
const hostOf = (header: string): string => /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(header)?.slice(1).find(Boolean) ?? "";

/**
 * Refuses requests whose Host is a name that is not known: a web page could otherwise read management by a name of its
 * own that it lets point here (DNS rebinding).
 *
 * @param hosts names that are answered besides addresses and localhost
 */
export function knownHosts(hosts: readonly string[]) {
  const known = new Set(["", "localhost", ...hosts.map((host) => host.toLowerCase())]);
  return new Elysia({ name: "known-hosts" }).onRequest(({ request }) => {
    const host = hostOf(request.headers.get("host") ?? "").toLowerCase();
    if (isIP(host) !== 0 || known.has(host)) return;
    return new Response("Forbidden: an unknown Host; add it to [management] hosts\n", {
      status: 403,
      headers: { "Content-Type": "text/plain; charset=utf-8" },
    });
  });
}

/** Makes the app of the management listener. */
export const createManagementApp = (management: Management, hosts: readonly string[]) =>
  new Elysia({ name: "management-listener", strictPath: true, systemRouter: false })
    .use(knownHosts(hosts))
    .onError(({ code, error }) => {
      if (code === "NOT_FOUND") return new Response("Not Found", { status: 404 });
      throw error;
    })
    .use(managementRoutes(management))
    .compile();
