/** What the v2 routes say of themselves. */
import { MEDIA_TYPE } from "../../core/media-types.ts";
import type { Deployment } from "../openapi/deployment.ts";
import { type Answered, type Operation, refTo, type Schema } from "../openapi/operation.ts";
import { commonAnswers, fileAnswers, fileParameters, jsonAnswer } from "./answers.ts";
import { BROKEN_HTTP, failure, v2Failure } from "./failures.ts";
import { PATTERN, parameters } from "./grammar.ts";
import { FILTERS, NEXT_PAGE, OF_V2 } from "./headers.ts";

const EXAMPLE_DIGEST = `sha256:${"4".repeat(64)}`;

export const V2_SCHEMAS: Readonly<Record<string, Schema>> = {
  TagList: {
    title: "TagList",
    type: "object",
    required: ["name", "tags"],
    properties: {
      name: { type: "string", pattern: PATTERN.name },
      tags: { type: "array", items: { type: "string", pattern: PATTERN.tag }, description: "In ASCII order." },
    },
  },
  Catalog: {
    title: "Catalog",
    type: "object",
    required: ["repositories"],
    additionalProperties: false,
    properties: {
      repositories: { type: "array", items: { type: "string", pattern: PATTERN.name }, description: "In ASCII order." },
    },
  },
  ImageIndex: {
    title: "ImageIndex",
    type: "object",
    required: ["schemaVersion", "mediaType", "manifests"],
    additionalProperties: false,
    properties: {
      schemaVersion: { const: 2 },
      mediaType: { const: MEDIA_TYPE.index },
      manifests: {
        type: "array",
        description: "Descriptors, as the redirect file has them.",
        items: {
          type: "object",
          properties: {
            mediaType: { type: "string" },
            digest: { type: "string", pattern: PATTERN.digest },
            size: { type: "integer", minimum: 0 },
            artifactType: { type: "string" },
            annotations: { type: "object" },
          },
        },
      },
    },
  },
};

const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPE.index,
  MEDIA_TYPE.list,
  MEDIA_TYPE.oci,
  MEDIA_TYPE["2"],
  MEDIA_TYPE["1"],
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/json",
  "application/octet-stream",
];

const ACCEPT = {
  name: "Accept",
  in: "header",
  description:
    "The media types of manifests that the client takes, its favourites marked by `q`. A client that says nothing gets schema 1, as docker before 1.10 wants it.",
  schema: { type: "string" },
  example: [MEDIA_TYPE.index, MEDIA_TYPE.list, MEDIA_TYPE.oci, MEDIA_TYPE["2"]].join(", "),
} as const;

const COMMON = { tags: ["v2"], otherMethods: failure("V2MethodNotAllowed") } as const;

const NO_NAME = ["NAME_UNKNOWN", "NAME_INVALID"] as const;

/** A list that comes in pages. */
const paged = (description: string, schema: string, example: unknown): Answered =>
  jsonAnswer(description, { schema: refTo("schemas", schema), example }, { ...OF_V2, ...NEXT_PAGE });

/** Each is for the route of its name. */
export function v2Operations(deployment: Deployment) {
  const common = commonAnswers("v2", deployment);
  const isServed = deployment.files.v2 !== "elsewhere";

  const base: Operation = {
    ...COMMON,
    operationId: "checkV2",
    summary: "Is this a v2 registry?",
    description: "What clients ask first; it tells them how to log in, too. `/v2` without the slash is answered alike.",
    responses: {
      200: jsonAnswer("It is.", { schema: { type: "object", maxProperties: 0 }, example: {} }, OF_V2),
      ...common,
    },
  };

  const catalog: Operation = {
    ...COMMON,
    operationId: "listRepositories",
    summary: "List repositories",
    description: "The repositories that this client may see, in pages if it asks for them.",
    parameters: parameters("PageSize", "PageStart"),
    responses: {
      200: paged("Their names.", "Catalog", { repositories: ["demo/both", "demo/hello"] }),
      ...common,
      400: v2Failure(["PAGINATION_NUMBER_INVALID", BROKEN_HTTP]),
    },
  };

  const manifest: Operation = {
    ...COMMON,
    operationId: "getManifest",
    summary: "Pull a manifest",
    description:
      "By tag or by digest. Of a tag's manifests the client gets the best that it accepts: an index or a list before the manifest of one platform, and that before the older forms.\n\nThe path is split at its right-most `manifests`, so that names may contain the word.",
    parameters: [...parameters("Name", "ManifestReference"), ACCEPT, ...fileParameters("v2", deployment)],
    responses: {
      ...fileAnswers({ api: "v2", deployment, what: "the manifest", types: MANIFEST_TYPES, isManifest: true }),
      ...common,
      404: v2Failure([...NO_NAME, "MANIFEST_UNKNOWN"]),
    },
  };

  const blob: Operation = {
    ...COMMON,
    operationId: "getBlob",
    summary: "Pull a blob",
    description: isServed
      ? "A layer or a configuration, as the manifests name it."
      : "A layer or a configuration, as the manifests name it. Whether it is there the other host knows.",
    parameters: [...parameters("Name", "Digest"), ...fileParameters("v2", deployment)],
    responses: {
      ...fileAnswers({ api: "v2", deployment, what: "the blob", types: ["application/octet-stream"] }),
      ...common,
      400: v2Failure(["DIGEST_INVALID", BROKEN_HTTP]),
      404: v2Failure([...NO_NAME, ...(isServed ? (["BLOB_UNKNOWN"] as const) : [])]),
    },
  };

  const list = paged("The tags.", "TagList", { name: "demo/hello", tags: ["1.0", "latest"] });
  const listFile = fileAnswers({ api: "v2", deployment, what: "the list", types: ["application/json"] });
  const optional = ({ headers = {} }: Answered): Answered["headers"] =>
    Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [name, name in OF_V2 ? header : { ...header, required: false }]),
    );
  const listed = listFile[200];
  const tags: Operation = {
    ...COMMON,
    operationId: "listTags",
    summary: "List tags",
    description: isServed
      ? "In pages if the client asks for them. Where the redirect file does not know the tags (before version 5), the publisher's own list is sent as it is."
      : "In pages if the client asks for them. Where the redirect file does not know the tags (before version 5), the client is sent to the publisher's own list.",
    parameters: [...parameters("Name", "PageSize", "PageStart"), ...fileParameters("v2", deployment)],
    responses: {
      ...listFile,
      200:
        listed === undefined || "$ref" in listed
          ? list
          : { ...list, headers: { ...optional(listed), ...list.headers, ...NEXT_PAGE } },
      ...common,
      400: v2Failure(["PAGINATION_NUMBER_INVALID", BROKEN_HTTP]),
      404: v2Failure(NO_NAME),
    },
  };

  const referrers: Operation = {
    ...COMMON,
    operationId: "listReferrers",
    summary: "List what refers to a manifest",
    description:
      "Signatures, SBOMs and the like. A repository whose redirect file knows none (before version 5) answers `UNSUPPORTED`, which sends clients to the tags that older registries keep them by.",
    parameters: parameters("Name", "Digest", "ArtifactType"),
    responses: {
      200: {
        description: "An image index of them.",
        headers: { ...OF_V2, ...FILTERS },
        content: {
          [MEDIA_TYPE.index]: {
            schema: refTo("schemas", "ImageIndex"),
            example: {
              schemaVersion: 2,
              mediaType: MEDIA_TYPE.index,
              manifests: [
                {
                  mediaType: MEDIA_TYPE.oci,
                  digest: EXAMPLE_DIGEST,
                  size: 722,
                  artifactType: "application/spdx+json",
                },
              ],
            },
          },
        },
      },
      ...common,
      400: v2Failure(["DIGEST_INVALID", BROKEN_HTTP]),
      404: v2Failure([...NO_NAME, ["UNSUPPORTED", "The redirect file is of a version that knows no referrers."]]),
    },
  };

  return { base, catalog, manifest, blob, tags, referrers };
}
