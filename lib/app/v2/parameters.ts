/** Schemas of what v2 requests carry. Their messages are the codes that a wrong value is answered with. */
import { LRUCache } from "lru-cache";
import * as v from "valibot";
import { type Accept, parseAccept } from "../../core/media-types.ts";
import { PATTERN, parseDigest, parseReference, parseRepositoryName } from "../../core/reference.ts";
import type { V2ErrorCode } from "../errors.ts";

/** The description of a parameter in the OpenAPI document, as JSON Schema. */
type ParameterDescription = Readonly<Record<string, unknown>> & {
  readonly description: string;
  readonly examples?: readonly unknown[];
};

/** A text that a parser of the core takes. */
export function parsed<Output>(
  parse: (text: string) => Output | undefined,
  code: V2ErrorCode | (string & {}),
  about: ParameterDescription,
) {
  return v.pipe(
    v.string(code),
    v.metadata(about),
    v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
      const output = parse(dataset.value);
      if (output !== undefined) return output;
      addIssue({ message: code });
      return NEVER;
    }),
  );
}

/** A parameter that may be any text. */
export const text = (about: ParameterDescription) => v.optional(v.pipe(v.string(), v.metadata(about)));

export const NAME = {
  description: "Name of a repository. It may have slashes, which are sent as they are.",
  examples: ["demo/hello"],
  "x-multi-segment": true,
};

export const name = parsed(parseRepositoryName, "NAME_INVALID", { ...NAME, pattern: PATTERN.name, maxLength: 255 });
export const reference = parsed(parseReference, "MANIFEST_UNKNOWN", {
  description: "A tag or a digest.",
  examples: ["latest"],
  pattern: `${PATTERN.tag}|${PATTERN.digest}`,
  maxLength: 255,
});
export const digest = parsed(parseDigest, "DIGEST_INVALID", {
  description: "The digest of a blob or a manifest.",
  examples: [`sha256:${"4".repeat(64)}`],
  pattern: PATTERN.digest,
  maxLength: 255,
});

/** Size of a page: a non-negative integer. */
const parsePageSize = (sent: string): number | undefined => (/^\d+$/.test(sent) ? Number(sent) : undefined);

/** Query of a list that is sent in pages. */
export const pages = {
  n: v.optional(
    parsed(parsePageSize, "PAGINATION_NUMBER_INVALID", {
      description: "The most items of a page; all without it.",
      type: "integer",
      minimum: 0,
    }),
  ),
  last: text({ description: "The item that the page comes after." }),
};

/** Query of all routes that name a repository. */
export const mirrored = {
  ns: text({
    description:
      "The registry that the client takes this one for a mirror of. `[mirror]` gives it a prefix of names; without that section it is ignored.",
  }),
};

/** Clients send the same few Accept headers again and again, and parsing one takes longer than the rest of a redirect. */
const accepts = new LRUCache<string, Accept>({ max: 64, memoMethod: parseAccept });

/** The Accept header of a request for a manifest. */
export const accept = v.pipe(
  v.optional(v.string(), ""),
  v.transform((header) => accepts.memo(header)),
);
