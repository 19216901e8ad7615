/** What the v1 routes say of themselves. */
import type { Deployment } from "../openapi/deployment.ts";
import { type Operation, refTo, type Schema } from "../openapi/operation.ts";
import { commonAnswers, fileAnswers, fileParameters, jsonAnswer } from "./answers.ts";
import { failure, v1Failure } from "./failures.ts";
import { PATTERN, parameters } from "./grammar.ts";
import { ENDPOINTS, MAYBE_RETRY_AFTER, OF_V1, STANDALONE } from "./headers.ts";

const IMAGE_ID = { type: "string", pattern: PATTERN.imageId } as const;
const EXAMPLE_ID = "1".repeat(64);

export const V1_SCHEMAS: Readonly<Record<string, Schema>> = {
  Images: {
    title: "Images",
    type: "array",
    items: {
      type: "object",
      required: ["id"],
      description: "What the redirect file says of the image, its id at least.",
      properties: { id: IMAGE_ID },
    },
  },
  ImageTags: {
    title: "ImageTags",
    description: "Image ids by tag.",
    type: "object",
    propertyNames: { pattern: PATTERN.tag },
    additionalProperties: IMAGE_ID,
  },
  SearchResults: {
    title: "SearchResults",
    type: "object",
    required: ["query", "num_results", "results"],
    additionalProperties: false,
    properties: {
      query: { type: "string", minLength: 1 },
      num_results: { type: "integer", minimum: 0 },
      results: {
        type: "array",
        description: "The best first.",
        items: {
          type: "object",
          required: ["name", "description", "is_trusted", "is_official", "star_count", "should_filter"],
          additionalProperties: false,
          properties: {
            name: { type: "string" },
            description: { type: "string" },
            is_trusted: { type: "boolean" },
            is_official: { type: "boolean" },
            star_count: { type: "number", minimum: 0 },
            should_filter: { type: "boolean" },
          },
        },
      },
    },
  },
};

const COMMON = { tags: ["v1"], otherMethods: failure("V1MethodNotAllowed") } as const;

const NOT_FOUND = failure("V1NotFound");
const STANDALONE_HEADERS = { ...OF_V1, ...STANDALONE };

/** Each is for the route of its name. */
export function v1Operations(deployment: Deployment) {
  const common = commonAnswers("v1", deployment);

  const ping: Operation = {
    ...COMMON,
    operationId: "pingV1",
    summary: "Is this a v1 registry?",
    description: "What docker asks first, when it asks for version 1.",
    responses: {
      200: jsonAnswer("It is.", { schema: { const: true }, example: true }, STANDALONE_HEADERS),
      ...common,
    },
  };

  const users: Operation = {
    ...COMMON,
    operationId: "checkUser",
    summary: "Log in",
    description: "What `docker login` of version 1 asks. The path may end in a slash.",
    responses: {
      200: jsonAnswer("The client may come in.", { schema: { const: "OK" }, example: "OK" }, STANDALONE_HEADERS),
      ...common,
    },
  };

  const createUser: Operation = {
    ...COMMON,
    operationId: "createUser",
    summary: "Create a user",
    description: "What `docker login` of version 1 posts. Nothing is made of it: there are no users to keep.",
    requestBody: {
      description: "Nobody reads it.",
      required: false,
      content: { "application/json": { schema: {} } },
    },
    responses: {
      201: jsonAnswer(
        "What docker wants to hear.",
        { schema: { const: "User Created" }, example: "User Created" },
        STANDALONE_HEADERS,
      ),
      ...common,
    },
  };

  const search: Operation = {
    ...COMMON,
    operationId: "search",
    summary: "Search",
    description: deployment.searchesElsewhere
      ? "Another server searches. Its repositories appear if they are loaded and this client may see them; results with `should_filter` false appear as they are."
      : "In names and descriptions of the repositories that this client may see.",
    parameters: [
      {
        name: "q",
        in: "query",
        required: true,
        description: "What to search for.",
        schema: { type: "string", minLength: 1 },
        example: "hello",
      },
      {
        name: "n",
        in: "query",
        description: "Results on a page: 25 by default, at most 100. A value that is no count from 1 is ignored.",
        schema: { anyOf: [{ type: "integer", minimum: 1 }, { type: "string" }] },
        example: 25,
      },
      {
        name: "page",
        in: "query",
        description: "The page. A value that is no count from 1 is ignored.",
        schema: { anyOf: [{ type: "integer", minimum: 1 }, { type: "string" }] },
        example: 1,
      },
    ],
    responses: {
      200: jsonAnswer(
        "What was found.",
        {
          schema: refTo("schemas", "SearchResults"),
          example: {
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
          },
        },
        OF_V1,
      ),
      ...common,
      400: v1Failure("`q` is not there or empty, or the request breaks HTTP.", 'parameter "q" is required'),
      ...(deployment.searchesElsewhere && {
        502: v1Failure("The other server's answer makes no sense.", "Bad Gateway"),
        503: v1Failure(
          "The other server can't be reached or refuses, or there are too many connections or searches at the moment.",
          "Service Unavailable",
          MAYBE_RETRY_AFTER,
        ),
        504: v1Failure("The other server takes too long.", "Gateway Timeout"),
      }),
    },
  };

  const images: Operation = {
    ...COMMON,
    operationId: "listImages",
    summary: "List a repository's images",
    description: "What the redirect file says of them. docker asks for a bare name as `library/<name>`.",
    parameters: parameters("V1Name"),
    responses: {
      200: jsonAnswer(
        "The images.",
        { schema: refTo("schemas", "Images"), example: [{ id: EXAMPLE_ID }] },
        { ...OF_V1, ...ENDPOINTS },
      ),
      ...common,
      404: NOT_FOUND,
    },
  };

  const tags: Operation = {
    ...COMMON,
    operationId: "listImageTags",
    summary: "List a repository's tags",
    description: "With the image that each names.",
    parameters: parameters("V1Name"),
    responses: {
      200: jsonAnswer(
        "Image ids by tag.",
        { schema: refTo("schemas", "ImageTags"), example: { latest: EXAMPLE_ID } },
        OF_V1,
      ),
      ...common,
      404: NOT_FOUND,
    },
  };

  const tag: Operation = {
    ...COMMON,
    operationId: "getImageOfTag",
    summary: "Which image is a tag?",
    description: "Its id alone.",
    parameters: parameters("V1Name", "Tag"),
    responses: {
      200: jsonAnswer("The image's id.", { schema: IMAGE_ID, example: EXAMPLE_ID }, OF_V1),
      ...common,
      404: NOT_FOUND,
    },
  };

  const file: Operation = {
    ...COMMON,
    operationId: "getImageFile",
    summary: "Pull a file of an image",
    description: "From the first repository, by name, that has the image and that this client may see.",
    parameters: [...parameters("ImageId", "ImageFile"), ...fileParameters("v1", deployment)],
    responses: {
      ...fileAnswers({
        api: "v1",
        deployment,
        what: "the file",
        types: ["application/json", "application/octet-stream"],
      }),
      ...common,
      404: NOT_FOUND,
    },
  };

  return { ping, users, createUser, search, images, tags, tag, file };
}
