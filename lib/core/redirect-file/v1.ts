import * as v from "valibot";
import { PATTERN, parseTag, parseV1Name } from "../reference.ts";
import { aboutOf } from "./about.ts";
import { fieldAt, MAX_FAULTS, type Warning } from "./fault.ts";
import { common, EXPECTED, images, imageTags, parsed, redirectFile } from "./fields.ts";
import type { V1Repository } from "./repository.ts";

/** @returns a warning for each tag that no client can ask for */
export const tagWarnings = (tags: object): readonly Warning[] =>
  Object.keys(tags)
    .filter((tag) => parseTag(tag) === undefined)
    .slice(0, MAX_FAULTS)
    .map((tag) => ({ field: fieldAt("tags", tag), message: "not a tag that a client can ask for; it is left out" }));

/** Version 1: the images and tags of the v1 API. */
export const v1File = v.pipe(
  redirectFile({
    ...common,
    version: v.literal(1),
    "repo-registry-id": v.pipe(
      parsed(parseV1Name, EXPECTED.name),
      v.metadata({ description: "The name that clients use, once per API.", pattern: PATTERN.v1Name, maxLength: 255 }),
    ),
    images,
    tags: imageTags,
  }),
  v.transform((file) => {
    const repository: V1Repository = {
      api: "v1",
      version: 1,
      name: file["repo-registry-id"],
      repository: file.repository,
      url: file.url,
      isProtected: file.protected,
      about: aboutOf(file),
      images: file.images,
      tags: file.tags,
    };
    return { repository, warnings: [] };
  }),
);
