/** The routes of the Docker Registry API v2, which the OCI distribution specification describes. */
import * as v from "valibot";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { NEXT_PAGE, sometimes } from "../openapi/headers.ts";
import {
  BYTES,
  fileAnswers,
  jsonAnswers,
  MANIFESTS,
  type Operation,
  refTo,
  v2Errors,
  v2Failure,
} from "../openapi/operation.ts";
import { type Route, route } from "../route.ts";
import * as handlers from "./handlers.ts";
import { accept, digest, mirrored, name, pages, reference, text } from "./parameters.ts";

const named = { name };
const query = v.object(mirrored);

/** Every route of v2. @see docs/request-handling.md */
export const v2Table: readonly Route[] = [
  route({
    path: "/v2/",
    alsoAt: "/v2",
    wants: "base",
    detail: {
      operationId: "checkV2",
      summary: "Check for a v2 registry",
      description: "Clients ask this first, and learn how to authenticate. `/v2` without the slash is the same.",
      responses: jsonAnswers("v2", "This is a v2 registry.", {
        schema: { type: "object", maxProperties: 0 },
        example: {},
      }),
    },
    handle: () => handlers.BASE,
  }),
  route({
    path: "/v2/_catalog",
    wants: "catalog",
    query: v.object(pages),
    detail: {
      operationId: "listRepositories",
      summary: "List repositories",
      description: "Lists the repositories that this client may see, in ASCII order.",
      responses: {
        ...jsonAnswers(
          "v2",
          "The names.",
          { schema: refTo("Catalog"), example: { repositories: ["demo/both", "demo/hello"] } },
          { headers: NEXT_PAGE },
        ),
        ...v2Errors("PAGINATION_NUMBER_INVALID"),
      },
    },
    handle: (view, { query }) => handlers.catalog(view, query),
  }),
  route({
    path: "/v2/:name/manifests/:reference",
    wants: "repository",
    params: v.object({ ...named, reference }),
    query,
    headers: v.object({ accept }),
    variesByAccept: true,
    detail: (deployment): Operation => ({
      operationId: "getManifest",
      summary: "Pull a manifest",
      description:
        "Of the manifests of a tag, the client gets the best that its Accept header takes: an index or a list before the manifest of one platform, and that before older forms. Without an Accept header it gets schema 1, which docker before 1.10 needs.\n\nThe path is split at its right-most `manifests`, so that names may contain the word.",
      responses: {
        ...fileAnswers({ api: "v2", deployment, what: "the manifest", content: MANIFESTS, isCarried: true }),
        ...v2Errors("NAME_UNKNOWN", "NAME_INVALID", "MANIFEST_UNKNOWN"),
      },
    }),
    handle: (view, { params, query: { ns }, headers }) =>
      handlers.manifest(view, { name: params.name, ns }, params.reference, headers.accept),
  }),
  route({
    path: "/v2/:name/blobs/:digest",
    wants: "repository",
    params: v.object({ ...named, digest }),
    query,
    detail: (deployment): Operation => ({
      operationId: "getBlob",
      summary: "Pull a blob",
      description:
        "A layer or a configuration. Only redirect files of version 6 know the blobs of a repository: for others, any digest leads to where the blob would be.",
      responses: {
        ...fileAnswers({ api: "v2", deployment, what: "the blob", content: { ...BYTES, "*/*": {} }, isCarried: true }),
        ...v2Errors("DIGEST_INVALID", "NAME_UNKNOWN", "NAME_INVALID", "BLOB_UNKNOWN"),
      },
    }),
    handle: (view, { params, query: { ns } }) => handlers.blob(view, { name: params.name, ns }, params.digest),
  }),
  route({
    path: "/v2/:name/tags/list",
    wants: "repository",
    params: v.object(named),
    query: v.object({ ...pages, ...mirrored }),
    detail: (deployment): Operation => {
      const example = { name: "demo/hello", tags: ["1.0", "latest"] };
      const list = { schema: refTo("TagList"), example };
      const [file, known] = [
        fileAnswers({ api: "v2", deployment, what: "the list", content: { "application/json": list } }),
        jsonAnswers("v2", "The tags.", list, { headers: NEXT_PAGE }),
      ];
      const both = (status: 200 | 304) => ({
        ...known[status],
        headers: { ...file[status]?.headers, ...known[status]?.headers },
      });
      return {
        operationId: "listTags",
        summary: "List tags",
        description:
          "Redirect files of versions 5 and 6 know the tags, which are in ASCII order. For others, the list is a file of the publisher.",
        responses: {
          ...file,
          200: { description: "The tags.", ...both(200) },
          304: { description: "The client has the list already.", ...both(304) },
          ...v2Errors("PAGINATION_NUMBER_INVALID", "NAME_UNKNOWN", "NAME_INVALID"),
        },
      };
    },
    handle: (view, { params, query: { ns, ...page } }) => handlers.tags(view, { name: params.name, ns }, page),
  }),
  route({
    path: "/v2/:name/referrers/:digest",
    wants: "repository",
    params: v.object({ ...named, digest }),
    query: v.object({
      artifactType: text({ description: "The type to filter by." }),
      ...mirrored,
    }),
    detail: {
      operationId: "listReferrers",
      summary: "List referrers",
      description: "Lists what refers to a manifest, such as signatures and SBOMs.",
      responses: {
        ...jsonAnswers(
          "v2",
          "An image index of the referrers.",
          { schema: refTo("ImageIndex"), example: { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] } },
          {
            headers: { "OCI-Filters-Applied": sometimes("The filter that was applied.", { const: "artifactType" }) },
            type: MEDIA_TYPE.index,
          },
        ),
        ...v2Errors("DIGEST_INVALID"),
        404: v2Failure(
          ["NAME_UNKNOWN", "NAME_INVALID", "UNSUPPORTED"],
          {},
          {
            UNSUPPORTED:
              "Redirect files before version 5 know no referrers; clients use the tags of the referrers tag schema.",
          },
        ),
      },
    },
    handle: (view, { params, query: { artifactType, ns } }) =>
      handlers.referrers(view, { name: params.name, ns }, params.digest, artifactType),
  }),
];
