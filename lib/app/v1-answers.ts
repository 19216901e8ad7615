import { imageOwner } from "../core/catalog/catalog.ts";
import { parseImageId, parseTag } from "../core/reference.ts";
import type { Search } from "../search/search.ts";
import type { Answer } from "./answer.ts";
import { V1_HEADERS, v1Error } from "./errors.ts";
import type { Outcome } from "./found.ts";
import { type View, visibleV1 } from "./registry.ts";

const STANDALONE = ["X-Docker-Registry-Standalone", "True"] as const;

const IMAGE_FILES: ReadonlySet<string> = new Set(["ancestry", "json", "layer"]);

const json = (value: unknown, { status = 200, headers = [] as Answer["headers"] } = {}): Answer => ({
  status,
  headers: [["Content-Type", "application/json"], ...V1_HEADERS, ...headers],
  body: JSON.stringify(value),
});

const NOT_FOUND = v1Error(404, "Not Found");

/** `/v1/_ping`: that this is a v1 registry without an index beside it. */
export const V1_PING: Answer = json(true, { headers: [STANDALONE] });

/** `/v1/users`, which `docker login` asks: everybody may. */
export const V1_USERS: Answer = json("OK", { headers: [STANDALONE] });

/** `/v1/users`, which `docker login` posts to: nothing is made, since there is nothing to keep. */
export const V1_USER_CREATED: Answer = json("User Created", { status: 201, headers: [STANDALONE] });

/** @param host the request's own, as the client knows this registry */
export function answerImages(view: View, name: string, host: string): Answer {
  const repository = visibleV1(view, name);
  if (repository === undefined) return NOT_FOUND;
  return json(repository.images, { headers: [["X-Docker-Endpoints", view.endpoint ?? host]] });
}

/** `/v1/repositories/<name>/tags` */
export function answerV1Tags(view: View, name: string): Answer {
  const repository = visibleV1(view, name);
  return repository === undefined ? NOT_FOUND : json(Object.fromEntries(repository.tags));
}

/** `/v1/repositories/<name>/tags/<tag>` */
export function answerV1Tag(view: View, name: string, tagText: string): Answer {
  const tag = parseTag(tagText);
  const id = tag === undefined ? undefined : visibleV1(view, name)?.tags.get(tag);
  return id === undefined ? NOT_FOUND : json(id);
}

/** `/v1/images/<id>/<file>`: from a repository that has the image and that this client may see. */
export function answerImage(view: View, idText: string, file: string): Outcome {
  const id = parseImageId(idText);
  if (id === undefined || !IMAGE_FILES.has(file)) return NOT_FOUND;
  const repository = imageOwner(view.catalog, id, view.maySee);
  return repository === undefined
    ? NOT_FOUND
    : { repository, path: `${id}/${file}`, isByDigest: false, missing: NOT_FOUND };
}

const FAILED_SEARCH = {
  502: v1Error(502, "Bad Gateway"),
  503: v1Error(503, "Service Unavailable"),
  504: v1Error(504, "Gateway Timeout"),
} as const;

const COUNT = /^0*[1-9]\d{0,8}$/;

/** `/v1/search?q=…&n=…&page=…`: an `n` or a `page` that is no count is ignored, since Crane knew neither. */
export async function answerSearch(view: View, search: Search, request: Request): Promise<Answer> {
  const query = new URL(request.url).searchParams;
  const countIn = (name: string) => (COUNT.test(query.get(name) ?? "") ? Number(query.get(name)) : undefined);
  const q = query.get("q") ?? "";
  if (q === "") return v1Error(400, 'parameter "q" is required');
  const searched = await search({ q, n: countIn("n"), page: countIn("page"), signal: request.signal }, view);
  if (!searched.ok) return FAILED_SEARCH[searched.failure.status];
  const { results } = searched;
  return json({ query: q, num_results: results.length, results });
}
