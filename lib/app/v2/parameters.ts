/** Schemas of what v2 requests carry. Their messages are the codes that a wrong value is answered with. */
import * as v from "valibot";
import { parseAccept } from "../../core/media-types.ts";
import { parseDigest, parseReference, parseRepositoryName } from "../../core/reference.ts";
import type { V2ErrorCode } from "../errors.ts";

/** A text that a parser of the core takes. */
export function parsed<Output>(parse: (text: string) => Output | undefined, code: V2ErrorCode | (string & {})) {
  return v.pipe(
    v.string(code),
    v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
      const output = parse(dataset.value);
      if (output !== undefined) return output;
      addIssue({ message: code });
      return NEVER;
    }),
  );
}

export const name = parsed(parseRepositoryName, "NAME_INVALID");
export const reference = parsed(parseReference, "MANIFEST_UNKNOWN");
export const digest = parsed(parseDigest, "DIGEST_INVALID");

/** Size of a page: a non-negative integer. */
const parsePageSize = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

export const pageSize = v.optional(parsed(parsePageSize, "PAGINATION_NUMBER_INVALID"));

/** A query parameter of which the first counts. */
export const text = v.optional(
  v.pipe(
    v.union([v.string(), v.array(v.string())]),
    v.transform((sent) => (typeof sent === "string" ? sent : (sent[0] ?? ""))),
  ),
);

/** Headers of a request for a manifest. */
export const accepting = v.pipe(
  v.object({ accept: v.optional(v.string()) }),
  v.transform(({ accept }) => ({ accept: parseAccept(accept) })),
);
