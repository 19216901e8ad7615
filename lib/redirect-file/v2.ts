import * as v from "valibot";
import { common, commonOf, redirectFile } from "./fields.ts";
import { NO_MAP, tabulate, type V2Repository } from "./repository.ts";

/** Version 2: a v2 repository of which only the place is known. */
export const v2File = v.pipe(
  redirectFile({ ...common, version: v.literal(2) }),
  v.transform(
    (file): V2Repository => ({
      api: "v2",
      version: 2,
      ...commonOf(file),
      manifests: tabulate([]),
      amd64: NO_MAP,
      referrers: NO_MAP,
    }),
  ),
);
