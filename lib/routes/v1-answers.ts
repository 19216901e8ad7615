import { repositoriesWithImage } from "../catalog/catalog.ts";
import { parseImageId, parseTag } from "../reference.ts";
import type { Answer } from "./answer.ts";
import { V1_HEADERS, v1Error } from "./errors.ts";
import type { Outcome } from "./found.ts";
import { type View, visibleV1, visibleV2 } from "./registry.ts";

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

/** `/v1/images/<id>/<file>`: from the first repository, by name, that has the image and that this client may see. */
export function answerImage(view: View, idText: string, file: string): Outcome {
  const id = parseImageId(idText);
  if (id === undefined || !IMAGE_FILES.has(file)) return NOT_FOUND;
  const repository = repositoriesWithImage(view.catalog, id).find(view.maySee);
  return repository === undefined ? NOT_FOUND : { repository, path: `${id}/${file}`, missing: NOT_FOUND };
}

interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly is_trusted: boolean;
  readonly is_official: boolean;
  readonly star_count: number;
  readonly should_filter: boolean;
}

const foundByName = (name: string): SearchResult => ({
  name,
  description: "",
  is_trusted: false,
  is_official: false,
  star_count: 0,
  should_filter: false,
});

/** `/v1/search`: the names, on either API, that have the query in them. */
export function answerSearch(view: View, query: string): Answer {
  const q = new URLSearchParams(query).get("q");
  if (q === null || q === "") return v1Error(400, 'parameter "q" is required');
  const { v1, v2 } = view.catalog;
  const wanted = q.toLowerCase();
  const names = [
    ...v1.names.filter((name) => name.includes(wanted) && visibleV1(view, name) !== undefined),
    ...v2.names.filter((name) => name.includes(wanted) && visibleV2(view, name) !== undefined),
  ];
  const results = [...new Set(names)].sort().map(foundByName);
  return json({ query: q, num_results: results.length, results });
}
