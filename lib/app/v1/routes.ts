/** The routes of the Docker Registry API v1, which docker before 1.6 and `docker search` ask. */
import * as v from "valibot";
import { PATTERN, parseImageId } from "../../core/reference.ts";
import { always, sometimes, TEXT } from "../openapi/headers.ts";
import { BYTES, fileAnswers, jsonAnswers, type Operation, refTo, v1Failure } from "../openapi/operation.ts";
import { type Route, route } from "../route.ts";
import { NAME, parsed, text } from "../v2/parameters.ts";
import * as handlers from "./handlers.ts";

const LIBRARY = "library/";

/** `library/` in front of a name means nothing; a name has one slash at most. */
function parseName(sent: string): string | undefined {
  const name = sent.startsWith(LIBRARY) ? sent.slice(LIBRARY.length) : sent;
  return sent.split("/").length > 2 ? undefined : name;
}

const NOT_FOUND = "Not Found";
const named = {
  name: parsed(parseName, NOT_FOUND, {
    ...NAME,
    description: "Name of a repository, with one slash at most. `library/` in front of it is dropped.",
    examples: ["demo/legacy"],
  }),
};

const IMAGE_ID = { type: "string", pattern: PATTERN.imageId };
const EXAMPLE_ID = "1".repeat(64);

const FILES: ReadonlySet<string> = new Set(["ancestry", "json", "layer"]);
const imageFile = v.object({
  id: parsed(parseImageId, NOT_FOUND, {
    description: "The id of an image.",
    examples: [EXAMPLE_ID],
    pattern: PATTERN.imageId,
  }),
  file: parsed((sent: string) => (FILES.has(sent) ? sent : undefined), NOT_FOUND, {
    description: "Which file of the image.",
    examples: ["json"],
    enum: [...FILES],
  }),
});

/** A count from 1; another value is ignored, since Crane knew none. */
const count = (description: string) =>
  v.pipe(
    text({
      description: `${description} A value that is no count from 1 is ignored.`,
      type: ["integer", "string"],
    }),
    v.transform((sent) => (sent !== undefined && /^0*[1-9]\d{0,8}$/.test(sent) ? Number(sent) : undefined)),
  );

const FOUND = {
  query: "hello",
  num_results: 1,
  results: [
    {
      name: "demo/hello",
      description: "Says hello",
      is_trusted: false,
      is_official: false,
      star_count: 3,
      should_filter: false,
    },
  ],
};

const Q_REQUIRED = 'parameter "q" is required';

const STANDALONE = {
  "X-Docker-Registry-Standalone": always("No index is beside this registry.", { const: "True" }),
};

const noSuch = (what: string) => ({ 404: v1Failure(`No such ${what}, or none that this client may see.`, NOT_FOUND) });

const CREATED = "User Created";

const ENDPOINTS = {
  "X-Docker-Endpoints": always("The host that has the images: as configured, or the request's own.", TEXT),
  "X-Docker-Token": sometimes("A token for the requests that follow, where the client asks for one.", TEXT),
  "WWW-Authenticate": sometimes("The same token.", { type: "string", pattern: "^Token " }),
};

/** Every route of v1. */
export const v1Table: readonly Route[] = [
  route({
    path: "/v1/_ping",
    wants: "v1",
    detail: {
      operationId: "pingV1",
      summary: "Check for a v1 registry",
      description: "Clients ask this first.",
      responses: jsonAnswers(
        "v1",
        "This is a v1 registry.",
        { schema: { const: true }, example: true },
        { headers: STANDALONE },
      ),
    },
    handle: () => handlers.PING,
  }),
  route({
    path: "/v1/users",
    alsoAt: "/v1/users/",
    wants: "v1",
    detail: {
      operationId: "checkUser",
      summary: "Log in",
      description: "`docker login` of v1 asks this. The path may end in a slash.",
      responses: jsonAnswers(
        "v1",
        "The client is admitted.",
        { schema: { const: "OK" }, example: "OK" },
        { headers: STANDALONE },
      ),
    },
    handle: () => handlers.USERS,
  }),
  route({
    path: "/v1/users",
    alsoAt: "/v1/users/",
    method: "POST",
    wants: "v1",
    detail: {
      operationId: "createUser",
      summary: "Create a user",
      description: "`docker login` of v1 posts this. No user is created, and the body is not read.",
      requestBody: { description: "Not read.", required: false, content: { "application/json": { schema: {} } } },
      responses: jsonAnswers(
        "v1",
        "docker expects this.",
        { schema: { const: CREATED }, example: CREATED },
        { headers: STANDALONE, status: 201 },
      ),
    },
    handle: () => handlers.USER_CREATED,
  }),
  route({
    path: "/v1/search",
    waits: true,
    wants: "v1",
    query: v.object({
      q: v.pipe(
        v.optional(
          text({ description: "Words to search for.", examples: ["hello"], required: true, minLength: 1 }),
          "",
        ),
        v.transform((q) => q ?? ""),
        v.minLength(1, Q_REQUIRED),
      ),
      n: count("The most results, 25 without it and 100 at most."),
      page: count("The page of results."),
    }),
    detail: ({ searchesElsewhere }): Operation => ({
      operationId: "search",
      summary: "Search",
      description: searchesElsewhere
        ? "Another server searches; of its results, those are shown that are here and that this client may see."
        : "Searches names and descriptions of the repositories that this client may see.",
      responses: {
        ...jsonAnswers("v1", "The results, the best first.", { schema: refTo("SearchResults"), example: FOUND }),
        400: v1Failure("`q` is missing or empty.", Q_REQUIRED),
        ...(searchesElsewhere && {
          502: v1Failure("The other server's answer is not valid.", "Bad Gateway"),
          503: v1Failure("The other server can't be reached.", "Service Unavailable"),
          504: v1Failure("The other server takes too long.", "Gateway Timeout"),
        }),
      },
    }),
    handle: (view, { query }, { registry, request: { signal } }) =>
      handlers.search(view, registry.search, { ...query, signal }),
  }),
  route({
    path: "/v1/repositories/:name/images",
    wants: "v1",
    params: v.object(named),
    headers: v.object({
      host: v.optional(v.string(), ""),
      "x-docker-token": v.optional(v.pipe(v.string(), v.metadata({ description: "`true` asks for a token." }))),
    }),
    detail: {
      operationId: "listImages",
      summary: "List images",
      description: "Lists the images of a repository. docker asks for a bare name as `library/<name>`.",
      responses: {
        ...jsonAnswers(
          "v1",
          "The images.",
          { schema: refTo("Images"), example: [{ id: EXAMPLE_ID }] },
          { headers: ENDPOINTS },
        ),
        ...noSuch("repository"),
      },
    },
    handle: (view, { params: { name }, headers }, { v1Token }) =>
      handlers.images(view, name, headers.host, headers["x-docker-token"] === "true" ? v1Token?.(name) : undefined),
  }),
  route({
    path: "/v1/repositories/:name/tags",
    wants: "v1",
    params: v.object(named),
    detail: {
      operationId: "listImageTags",
      summary: "List tags of v1",
      description: "Lists the tags of a repository with the image of each.",
      responses: {
        ...jsonAnswers("v1", "Image ids by tag.", { schema: refTo("ImageTags"), example: { latest: EXAMPLE_ID } }),
        ...noSuch("repository"),
      },
    },
    handle: (view, { params: { name } }) => handlers.tags(view, name),
  }),
  route({
    path: "/v1/repositories/:name/tags/:tag",
    wants: "v1",
    params: v.object({
      ...named,
      tag: v.pipe(v.string(), v.metadata({ description: "A tag.", examples: ["latest"] })),
    }),
    detail: {
      operationId: "getImageOfTag",
      summary: "Get the image of a tag",
      description: "Returns the id of the image.",
      responses: {
        ...jsonAnswers("v1", "The id.", { schema: IMAGE_ID, example: EXAMPLE_ID }),
        ...noSuch("tag"),
      },
    },
    handle: (view, { params: { name, tag } }) => handlers.tag(view, name, tag),
  }),
  route({
    path: "/v1/images/:id/:file",
    wants: "v1",
    params: imageFile,
    detail: (deployment): Operation => ({
      operationId: "getImageFile",
      summary: "Pull a file of an image",
      description: "The file is of the first repository, by name, that has the image and that this client may see.",
      responses: {
        ...fileAnswers({ api: "v1", deployment, what: "the file", content: { "application/json": {}, ...BYTES } }),
        ...noSuch("image"),
      },
    }),
    handle: (view, { params: { id, file } }) => handlers.imageFile(view, id, file),
  }),
];
