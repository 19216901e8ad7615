/** Random Accept headers, whose q values are well-formed. */
import fc from "fast-check";
import { INDEX, LIST, OCI, SCHEMA_1, SCHEMA_1_UNSIGNED, SCHEMA_2 } from "../harness/redirect-files.ts";

const blank = fc.constantFrom("", "", " ", "\t", "  ");
const range = fc.constantFrom(
  ...[SCHEMA_1, SCHEMA_1_UNSIGNED, "application/json", SCHEMA_2, LIST, OCI, INDEX],
  ...["*/*", "application/*", "text/*", "text/html", `${LIST}x`, "*", ""],
);
const inSomeCase = fc.tuple(range, fc.constantFrom("same", "same", "upper", "mixed")).map(([text, how]) => {
  if (how === "upper") return text.toUpperCase();
  return how === "mixed" ? text.replace(/[a-m]/g, (letter) => letter.toUpperCase()) : text;
});
const parameter = fc.oneof(
  fc.constantFrom("q=0", "q=0.0", "q=0.000", "q=0.1", "q=0.5", "Q=0.5", "q=0.999", "q=1", "q=1.0", "q=1.000"),
  fc.constantFrom("charset=utf-8", "level=1", "x"),
);
const item = fc
  .tuple(blank, inSomeCase, blank, fc.array(fc.tuple(blank, parameter, blank), { maxLength: 2 }))
  .map(([before, text, after, parameters]) => [before + text + after, ...parameters.map((p) => p.join(""))].join(";"));
/** A header, or none. */
export const acceptHeader = fc.option(
  fc
    .array(item, { minLength: 1, maxLength: 5 })
    .map((items) => items.join(","))
    .filter((header) => header.trim() !== ""),
  { nil: undefined, freq: 8 },
);
