import * as v from "valibot";
import { aboutOf } from "./about.ts";
import { common, images, imageTags, redirectFile } from "./fields.ts";
import type { V1Repository } from "./repository.ts";

/** Version 1: the images and tags of the v1 API. */
export const v1File = v.pipe(
  redirectFile({
    ...common,
    version: v.literal(1),
    images,
    tags: imageTags,
  }),
  v.transform(
    (file): V1Repository => ({
      api: "v1",
      version: 1,
      name: file["repo-registry-id"],
      repository: file.repository,
      url: file.url,
      isProtected: file.protected,
      about: aboutOf(file),
      images: file.images,
      tags: file.tags,
    }),
  ),
);
