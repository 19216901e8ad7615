/** Management: metrics, probes and the repository pages. Everyone who can connect may see them. */
import { isIP } from "node:net";
import { Elysia } from "elysia";
import type * as v from "valibot";
import { momentary, type Operation } from "../openapi/operation.ts";
import type { NavigationLink } from "../pages/bar.ts";
import { visibleTo } from "../pages/repositories.ts";
import { PAGE_HEADERS } from "../pages/shell.ts";
import { wantedForm } from "../pages/wanted-form.ts";
import type { View } from "../view.ts";
import { METRICS, PAGE_QUERY, READINESS, repositories, V1_EXAMPLE } from "./descriptions.ts";
import { v1Json, v2Json } from "./json.ts";
import { type ApiFilter, type PageSource, renderPage } from "./page.ts";
import { OF_THE_MOMENT, type Readiness, readinessResponse } from "./readiness.ts";
import { wantsOpenMetrics } from "./wants-open-metrics.ts";

/** The data of the routes of management. */
export interface Management {
  readonly view: () => View;
  /** Whether protected repositories are shown. */
  readonly showProtected: boolean;
  /** Faults, warnings and time of the last load. */
  readonly load: () => Pick<PageSource, "faults" | "warnings" | "loadedAt">;
  readonly dataDir: string;
  readonly readiness: () => Readiness;
  /** Writes the metrics of all workers. */
  readonly metrics: (isOpenMetrics: boolean) => Promise<Response>;
}

/** Answers are of the moment, in two forms, and not to be guessed at. */
const HEADERS = {
  ...OF_THE_MOMENT,
  Vary: "Accept",
  "Referrer-Policy": "no-referrer",
};

const alive = (): Response => Response.json({ status: "alive" }, { headers: OF_THE_MOMENT });

/** The liveness probe, which the registry's port answers too. */
export const liveness = new Elysia({ name: "liveness" }).get("/healthz", alive, {
  detail: {
    tags: ["service"],
    operationId: "checkHealth",
    summary: "Check that the process is alive",
    description: "The liveness probe. Management answers it too.",
    responses: {
      200: momentary("The process is alive.", {
        "application/json": { schema: { const: { status: "alive" } }, example: { status: "alive" } },
      }),
    },
  } satisfies Operation,
});

/** Makes the routes of management. @param links to what else there is on the same listener */
export function managementRoutes(
  { view, showProtected, load, dataDir, readiness, metrics }: Management,
  links: readonly NavigationLink[] = [],
) {
  const list = (scope: ApiFilter) => (request: Request, asked: v.InferOutput<typeof PAGE_QUERY>) => {
    const { catalog, maySee } = view();
    const source = { catalog, maySee: showProtected ? () => true : maySee, ...load(), dataDir, links };
    if (wantedForm(request.headers.get("accept") ?? undefined) === "json") {
      const { v1, v2 } = visibleTo(source);
      return new Response(scope === "v2" ? v2Json(v2) : v1Json(v1), {
        headers: { ...HEADERS, "Content-Type": "application/json" },
      });
    }
    const { q, page } = asked;
    return new Response(renderPage(source, { scope, search: q, page }), {
      headers: { ...HEADERS, ...PAGE_HEADERS },
    });
  };
  const [all, v1, v2] = [list("all"), list("v1"), list("v2")];
  return new Elysia({ name: "management" })
    .use(liveness)
    .get("/readyz", () => readinessResponse(readiness()), { detail: READINESS })
    .get("/metrics", ({ request }) => metrics(wantsOpenMetrics(request.headers.get("accept") ?? undefined)), {
      detail: METRICS,
    })
    .get("/crane/repositories", ({ request, query }) => all(request, query), {
      query: PAGE_QUERY,
      detail: repositories("listForPeople", "List repositories", "V1Repositories", V1_EXAMPLE),
    })
    .get("/crane/repositories/v1", ({ request, query }) => v1(request, query), {
      query: PAGE_QUERY,
      detail: repositories("listV1ForPeople", "List v1 repositories", "V1Repositories", V1_EXAMPLE),
    })
    .get("/crane/repositories/v2", ({ request, query }) => v2(request, query), {
      query: PAGE_QUERY,
      detail: repositories("listV2ForPeople", "List v2 repositories", "V2Repositories", {
        "demo/hello": { protected: false },
      }),
    });
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
      headers: { ...OF_THE_MOMENT, "Content-Type": "text/plain; charset=utf-8" },
    });
  });
}

/** Makes the app of the management listener. */
export const createManagementApp = (management: Management, hosts: readonly string[]) =>
  new Elysia({ name: "management-listener", strictPath: true, systemRouter: false })
    .use(knownHosts(hosts))
    .onError(({ code, error }) => {
      if (code === "NOT_FOUND") return new Response("Not Found", { status: 404, headers: OF_THE_MOMENT });
      throw error;
    })
    .use(managementRoutes(management))
    .compile();
