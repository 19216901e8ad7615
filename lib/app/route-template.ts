import type { Route } from "./target.ts";

/** What is none of the words that there are. @see OpenTelemetry, semantic conventions for HTTP */
export const OTHER = "_OTHER";

/** The path of each route as the OpenAPI document has it; a name or a reference is only ever its placeholder. */
const TEMPLATES: Readonly<Record<Exclude<Route, "other">, string>> = {
  "v2.base": "/v2/",
  "v2.catalog": "/v2/_catalog",
  "v2.manifests": "/v2/{name}/manifests/{reference}",
  "v2.blobs": "/v2/{name}/blobs/{digest}",
  "v2.tags": "/v2/{name}/tags/list",
  "v2.referrers": "/v2/{name}/referrers/{digest}",
  "v2.unknown": OTHER,
  "v1.ping": "/v1/_ping",
  "v1.users": "/v1/users",
  "v1.search": "/v1/search",
  "v1.images": "/v1/repositories/{name}/images",
  "v1.tags": "/v1/repositories/{name}/tags",
  "v1.tag": "/v1/repositories/{name}/tags/{tag}",
  "v1.image": "/v1/images/{id}/{file}",
  "v1.unknown": OTHER,
};

/**
 * Says which route a request was for, in one of a fixed number of words.
 *
 * @param ownPaths what is there beside the APIs
 */
export function routeTemplate(route: Route, target: string, ownPaths: ReadonlySet<string>): string {
  if (route !== "other") return TEMPLATES[route];
  const [path = ""] = target.split("?", 1);
  const known = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  return ownPaths.has(known) ? known : OTHER;
}
