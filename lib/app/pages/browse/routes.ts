/** The pages of the registry for browsers: the front page, repositories, and their manifests. */
import { Elysia } from "elysia";
import * as v from "valibot";
import { parseReference, type Reference } from "../../../core/reference.ts";
import type { Answer } from "../../answer.ts";
import { notFound } from "../../errors.ts";
import type { Observed, RequestContext } from "../../plugins/observation.ts";
import { pathOf } from "../../plugins/requests.ts";
import type { Registry } from "../../registry.ts";
import { answer, queryOf, route, withQuery } from "../../route.ts";
import { visibleV1, visibleV2 } from "../../view.ts";
import { html } from "../html.ts";
import { PAGE_HEADERS } from "../shell.ts";
import { wantsHtml } from "../wanted-form.ts";
import { registryOf } from "./commands.ts";
import { detailOf, PLACE, QUERY } from "./descriptions.ts";
import { framed, type PageRequest, rootOf, type Site } from "./frame.ts";
import { frontPage } from "./front-page.ts";
import { manifestPage } from "./manifest-page.ts";
import { repositoryPage } from "./repository-page.ts";

const page = (status: 200 | 404, body: string): Answer => ({ status, headers: PAGE_HEADERS, body });

/** Splits what follows `/r/`: a name, `name:tag` or `name@digest`. */
function parsePlace(place: string): { readonly name: string; readonly reference: Reference | undefined } | undefined {
  const path = place.replace(/%3a/gi, ":");
  const [name = "", separator] = /^[^:@]*([:@])?/.exec(path) ?? [];
  if (separator === undefined) return { name, reference: undefined };
  const reference = parseReference(path.slice(name.length));
  const isTag = reference !== undefined && !reference.includes(":");
  return reference !== undefined && isTag === (separator === ":") ? { name: name.slice(0, -1), reference } : undefined;
}

const missingPage = (asked: PageRequest): Answer =>
  page(
    404,
    framed(
      asked,
      "Not found",
      "missing",
      html`<div class="hero"><h1 id="missing">Not found</h1></div>
<p class="lead">There is no such repository, tag or digest here, or you may not see it.</p>
<p><a href="${asked.root}">All repositories</a></p>`,
    ),
  );

const FRONT = {
  operationId: "readFrontPage",
  summary: "All repositories",
  description: "A page for browsers.",
};
const REPOSITORY = {
  operationId: "readRepositoryPage",
  summary: "A repository or a manifest",
  description: "A page for browsers.",
};

/** Makes the routes. Who asks is found out as for `/v2`, and sees the same. */
export function browsing(registry: Registry, site: Site) {
  const askedOf = (view: PageRequest["view"], request: Request): PageRequest => ({
    view,
    site,
    registry: registryOf(view.endpoint, request),
    root: rootOf(pathOf(request)),
  });

  const front = route({
    path: "/",
    wants: "catalog",
    query: QUERY,
    variesByAccept: true,
    detail: { hide: true },
    handle: (view, { query: { q: search, in: namespace, page: number } }, { request }) =>
      wantsHtml(request.headers.get("accept") ?? undefined)
        ? page(200, frontPage(askedOf(view, request), { search, namespace, page: number }))
        : notFound("/"),
  });

  const place = route({
    path: "/r/:name",
    wants: "repository",
    params: v.object({ name: v.string(), reference: v.custom<Reference | undefined>(() => true) }),
    query: QUERY,
    detail: { hide: true },
    handle: (view, { params: { name, reference }, query }, { request }) => {
      const asked = askedOf(view, request);
      const repository = { name, v1: visibleV1(view, name), v2: visibleV2(view, name) };
      if (repository.v1 === undefined && repository.v2 === undefined) return missingPage(asked);
      const { q: search, page: number, order } = query;
      const body =
        reference === undefined
          ? repositoryPage(asked, repository, { search, page: number, order })
          : manifestPage(asked, repository, reference);
      return body === undefined ? missingPage(asked) : page(200, body);
    },
  });

  const show = (
    context: Pick<RequestContext, "request" | "observed">,
    path: string,
    query: v.InferOutput<typeof QUERY>,
  ) => {
    const params = parsePlace(path) ?? { name: "", reference: undefined };
    return answer(registry, place, { params, query, headers: undefined }, context);
  };

  const { deployment } = registry;
  return new Elysia({ name: "browsing" })
    .decorate("observed", undefined as unknown as Observed)
    .get(
      "/",
      ({ request, observed, query }) =>
        answer(registry, front, { params: {}, query, headers: undefined }, { request, observed }),
      { query: QUERY, transform: withQuery, detail: detailOf(deployment, FRONT, "text") },
    )
    .get("/r/:name", ({ request, observed, params, query }) => show({ request, observed }, params.name, query), {
      params: PLACE,
      query: QUERY,
      transform: withQuery,
      detail: detailOf(deployment, REPOSITORY, "page"),
    })
    .get(
      "/r/*",
      ({ request, observed, params }) => show({ request, observed }, params["*"], v.parse(QUERY, queryOf(request))),
      { detail: { hide: true } },
    );
}
