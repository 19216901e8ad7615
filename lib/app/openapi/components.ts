/** Schemas of the bodies that answers have. */
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { PATTERN } from "../../core/reference.ts";
import { COUNT, type JsonSchema, TEXT } from "./headers.ts";

const matching = (pattern: string): JsonSchema => ({ type: "string", pattern });

const [NAME, TAG, DIGEST, IMAGE_ID] = [PATTERN.name, PATTERN.tag, PATTERN.digest, PATTERN.imageId].map(matching);

const listOf = (items: JsonSchema | undefined, description = ""): JsonSchema => ({
  type: "array",
  items,
  ...(description !== "" && { description }),
});

/** An object that has all of its properties and no others. */
const exactly = (properties: Readonly<Record<string, JsonSchema | undefined>>): JsonSchema => ({
  type: "object",
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

const READINESS = {
  status: { enum: ["ready", "loading", "broken"] },
  repositories: { ...COUNT, description: "Repositories that are served." },
  faults: { ...COUNT, description: "Files and directories with faults." },
};

const mapOf = (values: JsonSchema | undefined, description: string): JsonSchema => ({
  type: "object",
  description,
  additionalProperties: values,
});

/** By name. */
export const COMPONENTS: Readonly<Record<string, JsonSchema>> = {
  Errors: exactly({
    errors: {
      ...listOf(
        exactly({
          code: { type: "string", description: "For programs." },
          message: { type: "string", description: "For people; the same for the same code." },
          detail: { type: "object" },
        }),
      ),
      minItems: 1,
      maxItems: 1,
    },
  }),
  TagList: { ...exactly({ name: NAME, tags: listOf(TAG, "In ASCII order.") }), additionalProperties: true },
  Catalog: exactly({ repositories: listOf(NAME, "In ASCII order.") }),
  ImageIndex: exactly({
    schemaVersion: { const: 2 },
    mediaType: { const: MEDIA_TYPE.index },
    manifests: listOf(
      {
        type: "object",
        properties: {
          mediaType: TEXT,
          digest: DIGEST,
          size: COUNT,
          artifactType: TEXT,
          annotations: { type: "object" },
        },
      },
      "Descriptors, as the redirect file has them.",
    ),
  }),
  Images: listOf(
    { type: "object", required: ["id"], properties: { id: IMAGE_ID } },
    "The images, as the redirect file has them.",
  ),
  ImageTags: mapOf(IMAGE_ID, "Image ids by tag."),
  SearchResults: exactly({
    query: TEXT,
    num_results: COUNT,
    results: listOf(
      exactly({
        name: TEXT,
        description: TEXT,
        is_trusted: { type: "boolean" },
        is_official: { type: "boolean" },
        star_count: { type: "number", minimum: 0 },
        should_filter: { type: "boolean" },
      }),
    ),
  }),
  Readiness: {
    ...exactly(READINESS),
    properties: { ...READINESS, message: { const: "no repositories", description: "Present when there are none." } },
  },
  V1Repositories: mapOf(
    exactly({
      image_ids: listOf(IMAGE_ID),
      tags: mapOf(IMAGE_ID, "Image ids by tag."),
      protected: { type: "boolean" },
    }),
    "By name.",
  ),
  V2Repositories: mapOf(exactly({ protected: { type: "boolean" } }), "By name."),
};
