import * as v from "valibot";
import { common, redirectFile, treeFile } from "./fields.ts";
import { tabulate } from "./manifest-table.ts";

/** Version 2: a v2 repository of which only the place is known. */
export const v2File = v.pipe(
  redirectFile({ ...common, version: v.literal(2) }),
  v.transform((file) => treeFile(file, { manifests: tabulate([]) })),
);
