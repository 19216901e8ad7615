import * as v from "valibot";
import { common, redirectFile, references, treeFile } from "./fields.ts";
import { tabulate } from "./manifest-table.ts";

/** Version 3: knows which manifests are schema 2. */
export const v3File = v.pipe(
  redirectFile({ ...common, version: v.literal(3), schema2_data: references("schema 2 manifests") }),
  v.transform((file) => treeFile(file, { manifests: tabulate([["2", file.schema2_data]]) })),
);
