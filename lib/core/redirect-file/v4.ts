import * as v from "valibot";
import { amd64Tags, common, redirectFile, references, treeFile } from "./fields.ts";
import { tabulate } from "./manifest-table.ts";

/** Version 4: knows manifest lists too, and their linux/amd64 manifests. */
export const v4File = v.pipe(
  redirectFile({
    ...common,
    version: v.literal(4),
    schema2_data: references("schema 2 manifests"),
    manifest_list_data: references("manifest lists"),
    manifest_list_amd64_tags: amd64Tags,
  }),
  v.transform((file) =>
    treeFile(file, {
      manifests: tabulate([
        ["2", file.schema2_data],
        ["list", file.manifest_list_data],
      ]),
      amd64: file.manifest_list_amd64_tags,
    }),
  ),
);
