/** The routes of the Docker Registry API v1, which docker before 1.6 and `docker search` ask. */
import * as v from "valibot";
import { parseImageId } from "../../core/reference.ts";
import { type Route, route } from "../route.ts";
import { parsed, text } from "../v2/parameters.ts";
import * as handlers from "./handlers.ts";

const LIBRARY = "library/";

/** `library/` in front of a name means nothing; a name has one slash at most. */
function parseName(sent: string): string | undefined {
  const name = sent.startsWith(LIBRARY) ? sent.slice(LIBRARY.length) : sent;
  return sent.split("/").length > 2 ? undefined : name;
}

const NOT_FOUND = "Not Found";
const named = { name: parsed(parseName, NOT_FOUND) };

const FILES: ReadonlySet<string> = new Set(["ancestry", "json", "layer"]);
const imageFile = v.object({
  id: parsed(parseImageId, NOT_FOUND),
  file: parsed((sent: string) => (FILES.has(sent) ? sent : undefined), NOT_FOUND),
});

/** A count from 1; what is none is passed over, since Crane knew none. */
const count = v.pipe(
  text,
  v.transform((sent) => (sent !== undefined && /^0*[1-9]\d{0,8}$/.test(sent) ? Number(sent) : undefined)),
);

const Q_REQUIRED = 'parameter "q" is required';

const users = {
  wants: "v1",
  detail: { operationId: "checkUser", summary: "Log in" },
  handle: () => handlers.USERS,
} as const;
const createUser = {
  method: "POST",
  wants: "v1",
  detail: { operationId: "createUser", summary: "Create a user" },
  handle: () => handlers.USER_CREATED,
} as const;

/** Every route of v1. */
export const v1Table: readonly Route[] = [
  route({
    path: "/v1/_ping",
    wants: "v1",
    detail: { operationId: "pingV1", summary: "Check for a v1 registry" },
    handle: () => handlers.PING,
  }),
  route({ path: "/v1/users", ...users }),
  route({ path: "/v1/users/", ...users, detail: { hide: true } }),
  route({ path: "/v1/users", ...createUser }),
  route({ path: "/v1/users/", ...createUser, detail: { hide: true } }),
  route({
    path: "/v1/search",
    wants: "v1",
    query: v.object({
      q: v.pipe(
        v.optional(text, ""),
        v.transform((q) => q ?? ""),
        v.minLength(1, Q_REQUIRED),
      ),
      n: count,
      page: count,
    }),
    detail: { operationId: "search", summary: "Search" },
    handle: (view, { query }, { registry, request: { signal } }) =>
      handlers.search(view, registry.search, { ...query, signal }),
  }),
  route({
    path: "/v1/repositories/:name/images",
    wants: "v1",
    params: v.object(named),
    headers: v.object({ host: v.optional(v.string(), ""), "x-docker-token": v.optional(v.string()) }),
    detail: { operationId: "listImages", summary: "List a repository's images" },
    handle: (view, { params: { name }, headers }, { v1Token }) =>
      handlers.images(view, name, headers.host, headers["x-docker-token"] === "true" ? v1Token?.(name) : undefined),
  }),
  route({
    path: "/v1/repositories/:name/tags",
    wants: "v1",
    params: v.object(named),
    detail: { operationId: "listImageTags", summary: "List a repository's tags" },
    handle: (view, { params: { name } }) => handlers.tags(view, name),
  }),
  route({
    path: "/v1/repositories/:name/tags/:tag",
    wants: "v1",
    params: v.object({ ...named, tag: v.string() }),
    detail: { operationId: "getImageOfTag", summary: "Get the image of a tag" },
    handle: (view, { params: { name, tag } }) => handlers.tag(view, name, tag),
  }),
  route({
    path: "/v1/images/:id/:file",
    wants: "v1",
    params: imageFile,
    detail: { operationId: "getImageFile", summary: "Pull a file of an image" },
    handle: (view, { params: { id, file } }) => handlers.imageFile(view, id, file),
  }),
];
