/** The routes of the Docker Registry API v2, which the OCI distribution specification describes. */
import * as v from "valibot";
import { type Route, route } from "../route.ts";
import * as handlers from "./handlers.ts";
import { accepting, digest, name, pageSize, reference, text } from "./parameters.ts";

const named = { name };
const query = v.object({ ns: text });
const pages = v.object({ n: pageSize, last: text, ns: text });

const base = {
  wants: "base",
  detail: { operationId: "checkV2", summary: "Check for a v2 registry" },
  handle: () => handlers.BASE,
} as const;

/** Every route of v2. */
export const v2Table: readonly Route[] = [
  route({ path: "/v2/", ...base }),
  route({ path: "/v2", ...base, detail: { hide: true } }),
  route({
    path: "/v2/_catalog",
    wants: "catalog",
    query: v.object({ n: pageSize, last: text }),
    detail: { operationId: "listRepositories", summary: "List repositories" },
    handle: (view, { query }) => handlers.catalog(view, query),
  }),
  route({
    path: "/v2/:name/manifests/:reference",
    wants: "repository",
    params: v.object({ ...named, reference }),
    query,
    headers: accepting,
    variesByAccept: true,
    detail: { operationId: "getManifest", summary: "Pull a manifest" },
    handle: (view, { params, query: { ns }, headers }) =>
      handlers.manifest(view, { name: params.name, ns }, params.reference, headers.accept),
  }),
  route({
    path: "/v2/:name/blobs/:digest",
    wants: "repository",
    params: v.object({ ...named, digest }),
    query,
    detail: { operationId: "getBlob", summary: "Pull a blob" },
    handle: (view, { params, query: { ns } }) => handlers.blob(view, { name: params.name, ns }, params.digest),
  }),
  route({
    path: "/v2/:name/tags/list",
    wants: "repository",
    params: v.object(named),
    query: pages,
    detail: { operationId: "listTags", summary: "List tags" },
    handle: (view, { params, query: { ns, ...page } }) => handlers.tags(view, { name: params.name, ns }, page),
  }),
  route({
    path: "/v2/:name/referrers/:digest",
    wants: "repository",
    params: v.object({ ...named, digest }),
    query: v.object({ artifactType: text, ns: text }),
    detail: { operationId: "listReferrers", summary: "List referrers" },
    handle: (view, { params, query: { artifactType, ns } }) =>
      handlers.referrers(view, { name: params.name, ns }, params.digest, artifactType),
  }),
];
