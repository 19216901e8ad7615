import * as v from "valibot";
import { amd64Tags, common, redirectFile, references, referrers, treeFile } from "./fields.ts";
import { tabulate } from "./manifest-table.ts";
import type { Amd64Manifest } from "./repository.ts";

function* digestsOf(manifests: Iterable<Amd64Manifest>, kind: Amd64Manifest["kind"]) {
  for (const manifest of manifests) if (manifest.kind === kind) yield manifest.digest;
}

/** Version 5: knows all of its tags and digests, so it can call one unknown. */
export const v5File = v.pipe(
  redirectFile({
    ...common,
    version: v.literal(5),
    schema1_data: v.optional(references("signed schema 1 manifests"), []),
    schema2_data: v.optional(references("schema 2 manifests"), []),
    manifest_list_data: v.optional(references("manifest lists"), []),
    manifest_list_amd64_tags: v.optional(amd64Tags, {}),
    oci_manifest_data: v.optional(references("OCI image manifests"), []),
    oci_index_data: v.optional(references("OCI indexes"), []),
    referrers: v.optional(referrers, {}),
  }),
  v.transform((file) =>
    treeFile(file, {
      manifests: tabulate(
        [
          ["1", file.schema1_data],
          ["2", file.schema2_data],
          ["list", file.manifest_list_data],
          ["oci", file.oci_manifest_data],
          ["index", file.oci_index_data],
        ],
        [
          ["2", digestsOf(file.manifest_list_amd64_tags.values(), "2")],
          ["1", digestsOf(file.manifest_list_amd64_tags.values(), "1")],
          // A tag that only this map names is a tag of the repository all the same.
          [undefined, file.manifest_list_amd64_tags.keys()],
        ],
      ),
      amd64: file.manifest_list_amd64_tags,
      referrers: file.referrers,
    }),
  ),
);
