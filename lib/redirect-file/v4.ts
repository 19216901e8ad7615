import * as v from "valibot";
import { amd64Tags, common, commonOf, redirectFile, references } from "./fields.ts";
import { NO_MAP, tabulate, type V2Repository } from "./repository.ts";

/** Version 4: knows manifest lists too, and their linux/amd64 manifests. */
export const v4File = v.pipe(
  redirectFile({
    ...common,
    version: v.literal(4),
    schema2_data: references,
    manifest_list_data: references,
    manifest_list_amd64_tags: amd64Tags,
  }),
  v.transform(
    (file): V2Repository => ({
      api: "v2",
      version: 4,
      ...commonOf(file),
      manifests: tabulate([
        ["2", file.schema2_data],
        ["list", file.manifest_list_data],
      ]),
      amd64: file.manifest_list_amd64_tags,
      referrers: NO_MAP,
    }),
  ),
);
