/** Handlers of v1: from a view and parsed parameters to an answer, or to the place of a file. */

import type { HeaderFields } from "../../content/content.ts";
import { imageOwner } from "../../core/catalog/catalog.ts";
import type { V1Repository } from "../../core/redirect-file/repository.ts";
import { type ImageId, otherSpelling } from "../../core/reference.ts";
import type { SearchQuery } from "../../search/result.ts";
import type { Search } from "../../search/search.ts";
import type { Answer, Outcome } from "../answer.ts";
import { V1_HEADERS, v1Error } from "../errors.ts";
import { type View, visibleV1 as visible } from "../view.ts";

const STANDALONE: HeaderFields = { "X-Docker-Registry-Standalone": "True" };

const json = (value: unknown, headers: HeaderFields = {}, status = 200): Answer => ({
  status,
  headers: { "Content-Type": "application/json", ...V1_HEADERS, ...headers },
  body: JSON.stringify(value),
});

/** Looks up a name as clients write it, which `library/` was dropped from. */
const visibleV1 = (view: View, name: string): V1Repository | undefined =>
  visible(view, name) ?? visible(view, otherSpelling(name) ?? name);

const NOT_FOUND = v1Error(404, "Not Found");

/** `/v1/_ping`: says that this is a v1 registry without an index beside it. */
export const PING: Answer = json(true, STANDALONE);

/** GET `/v1/users`, which `docker login` asks: every client may log in. */
export const USERS: Answer = json("OK", STANDALONE);

/** POST `/v1/users`: makes no user, since none are kept. */
export const USER_CREATED: Answer = json("User Created", STANDALONE, 201);

/**
 * `/v1/repositories/<name>/images`
 *
 * @param host the request's own, as the client knows this registry
 * @param token a token for the requests that follow, for a client that logged in and asks for one
 */
export function images(view: View, name: string, host: string, token: string | undefined): Answer {
  const repository = visibleV1(view, name);
  if (repository === undefined) return NOT_FOUND;
  return json(repository.images, {
    "X-Docker-Endpoints": view.endpoint ?? host,
    ...(token !== undefined && { "X-Docker-Token": token, "WWW-Authenticate": `Token ${token}` }),
  });
}

/** `/v1/repositories/<name>/tags` */
export function tags(view: View, name: string): Answer {
  const repository = visibleV1(view, name);
  return repository === undefined ? NOT_FOUND : json(Object.fromEntries(repository.tags));
}

/** `/v1/repositories/<name>/tags/<tag>` */
export function tag(view: View, name: string, text: string): Answer {
  const id = (visibleV1(view, name)?.tags as ReadonlyMap<string, ImageId> | undefined)?.get(text);
  return id === undefined ? NOT_FOUND : json(id);
}

/** `/v1/images/<id>/<file>`: from the first repository, by name, that has the image and that the client may see. */
export function imageFile(view: View, id: ImageId, file: string): Outcome {
  const repository = imageOwner(view.catalog, id, view.maySee);
  if (repository === undefined) return NOT_FOUND;
  return { repository, path: `${id}/${file}`, isByDigest: false, missing: NOT_FOUND };
}

const FAILED_SEARCH = {
  502: v1Error(502, "Bad Gateway"),
  503: v1Error(503, "Service Unavailable"),
  504: v1Error(504, "Gateway Timeout"),
} as const;

/** `/v1/search` */
export async function search(view: View, find: Search, query: SearchQuery): Promise<Answer> {
  const searched = await find(query, view);
  if (!searched.ok) return FAILED_SEARCH[searched.failure.status];
  const { results } = searched;
  return json({ query: query.q, num_results: results.length, results });
}
