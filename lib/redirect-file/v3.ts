import * as v from "valibot";
import { common, commonOf, redirectFile, references } from "./fields.ts";
import { NO_MAP, tabulate, type V2Repository } from "./repository.ts";

/** Version 3: knows which manifests are schema 2. */
export const v3File = v.pipe(
  redirectFile({ ...common, version: v.literal(3), schema2_data: references }),
  v.transform(
    (file): V2Repository => ({
      api: "v2",
      version: 3,
      ...commonOf(file),
      manifests: tabulate([["2", file.schema2_data]]),
      amd64: NO_MAP,
      referrers: NO_MAP,
    }),
  ),
);
