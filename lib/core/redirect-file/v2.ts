import * as v from "valibot";
import { common, redirectFile, v2Repository } from "./fields.ts";
import { tabulate } from "./repository.ts";

/** Version 2: a v2 repository of which only the place is known. */
export const v2File = v.pipe(
  redirectFile({ ...common, version: v.literal(2) }),
  v.transform((file) => v2Repository(file, { manifests: tabulate([]) })),
);
