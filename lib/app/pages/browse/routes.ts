/** The pages of the registry for browsers: the front page, repositories, and their manifests. */
import { Elysia } from "elysia";
import * as v from "valibot";
import { parseReference, type Reference } from "../../../core/reference.ts";
import type { Answer } from "../../answer.ts";
import { notFound } from "../../errors.ts";
import { always, sometimes, TEXT } from "../../openapi/headers.ts";
import type { Operation } from "../../openapi/operation.ts";
import type { Observed, RequestContext } from "../../plugins/observation.ts";
import type { Registry } from "../../registry.ts";
import { answer, queryOf, route } from "../../route.ts";
import { text } from "../../v2/parameters.ts";
import { visibleV1, visibleV2 } from "../../view.ts";
import { html } from "../html.ts";
import { PAGE_HEADERS } from "../shell.ts";
import { wantsHtml } from "../wanted-form.ts";
import { registryOf } from "./commands.ts";
import { type PageRequest, framed, rootOf, type Site } from "./frame.ts";
import { frontPage } from "./front-page.ts";
import { manifestPage } from "./manifest-page.ts";
import { isTagOrder, repositoryPage } from "./repository-page.ts";

const pageQuery = v.object({
  q: v.pipe(
    v.optional(text({ description: "Words to search for." }), ""),
    v.transform((sent = "") => sent.trim().slice(0, 255)),
  ),
  page: v.pipe(
    v.optional(text({ description: "Number of the page, from 1.", type: "integer" }), "1"),
    v.transform((sent) => (sent !== undefined && /^\d{1,9}$/.test(sent) ? Number(sent) : 1)),
  ),
  order: v.pipe(
    v.optional(text({ description: "Order of tags.", enum: ["newest", "version", "name"] }), ""),
    v.transform((sent = "") => (isTagOrder(sent) ? sent : "")),
  ),
});

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

const HEADERS = {
  "Content-Security-Policy": always("The page may ask no other host.", TEXT),
  "Referrer-Policy": always("No other host learns of this one.", { const: "no-referrer" }),
  "X-Content-Type-Options": always("The media type is meant.", { const: "nosniff" }),
  ETag: sometimes("Names the present state.", TEXT),
};

const described = (operationId: string, summary: string, description: string): Operation => ({
  tags: ["service"],
  operationId,
  summary,
  description,
  responses: {
    200: { description: `${summary}.`, headers: HEADERS, content: { "text/html": { schema: TEXT } } },
    304: { description: "The client has it already.", headers: HEADERS },
    404: {
      description: "There is nothing of the kind.",
      content: { "text/html": { schema: TEXT }, "text/plain": { schema: TEXT } },
    },
  },
});

/** Makes the routes. Who asks is found out as for `/v2`, and sees the same. */
export function browsing(registry: Registry, site: Site) {
  const askedOf = (view: PageRequest["view"], request: Request): PageRequest => ({
    view,
    site,
    registry: registryOf(view.endpoint, request),
    root: rootOf(new URL(request.url).pathname),
  });

  const front = route({
    path: "/",
    wants: "catalog",
    query: pageQuery,
    variesByAccept: true,
    detail: { hide: true },
    handle: (view, { query: { q, page: number } }, { request }) =>
      wantsHtml(request.headers.get("accept") ?? undefined)
        ? page(200, frontPage(askedOf(view, request), q, number))
        : notFound("/"),
  });

  const place = route({
    path: "/r/:name",
    wants: "repository",
    params: v.object({ name: v.string(), reference: v.custom<Reference | undefined>(() => true) }),
    query: pageQuery,
    detail: { hide: true },
    handle: async (view, { params: { name, reference }, query }, { request }) => {
      const asked = askedOf(view, request);
      const repository = { name, v1: visibleV1(view, name), v2: visibleV2(view, name) };
      if (repository.v1 === undefined && repository.v2 === undefined) return missingPage(asked);
      const { q: search, page: number, order } = query;
      const body =
        reference === undefined
          ? await repositoryPage(asked, repository, { search, page: number, order })
          : manifestPage(asked, repository, reference);
      return body === undefined ? missingPage(asked) : page(200, body);
    },
  });

  const show = (context: RequestContext, path: string) => {
    const params = parsePlace(path) ?? { name: "", reference: undefined };
    const query = v.parse(pageQuery, queryOf(context.request));
    return answer(registry, place, { params, query, headers: undefined }, context);
  };

  return new Elysia({ name: "browsing" })
    .decorate("observed", undefined as unknown as Observed)
    .get(
      "/",
      ({ request, observed }) => {
        const query = v.parse(pageQuery, queryOf(request));
        return answer(registry, front, { params: {}, query, headers: undefined }, { request, observed });
      },
      { detail: described("readFrontPage", "All repositories", "For browsers; other clients get 404.") },
    )
    .get("/r/:name", ({ request, observed, params }) => show({ request, observed }, params.name), {
      detail: described("readRepositoryPage", "One repository", "For browsers: a name, `name:tag` or `name@digest`."),
    })
    .get("/r/*", ({ request, observed, params }) => show({ request, observed }, params["*"]), {
      detail: { hide: true },
    });
}
