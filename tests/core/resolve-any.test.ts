import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type NaiveFile, naivelyResolve } from "./naive-resolution.ts";
import {
  common,
  digest,
  INDEX,
  LIST,
  OCI,
  pathOf,
  resolve,
  SCHEMA_1,
  SCHEMA_1_UNSIGNED,
  SCHEMA_2,
} from "./resolving.ts";

const tags = ["latest", "1-ubuntu", "a", "B", "__proto__", "constructor"];
const digests = [digest("a"), digest("b"), `sha512:${"c".repeat(128)}`, "other+kind:A=_-"];
const tag = fc.constantFrom(...tags);
const anyReference = fc.oneof(tag, fc.constantFrom(...digests));
const listed = fc.array(anyReference, { maxLength: 5 });
const amd64 = fc.array(
  fc.tuple(fc.constantFrom(...tags), fc.tuple(fc.constantFrom(...digests), fc.constantFrom(1, 2))),
  { maxLength: 4 },
);

/** Written by hand, since an object literal can't have a key of its own called `__proto__`. */
const objectText = (entries: readonly (readonly [string, unknown])[]): string =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${typeof value === "string" ? value : JSON.stringify(value)}`).join(",")}}`;

const amd64Text = amd64.map((entries) => objectText(entries));
const listText = listed.map((references) => JSON.stringify(references));

function fileText(version: number, fields: Readonly<Record<string, fc.Arbitrary<string>>>, requiredKeys?: string[]) {
  const options = requiredKeys === undefined ? { requiredKeys: [] } : { requiredKeys };
  return fc.record(fields, options).map((present) => {
    const commonEntries = Object.entries(common).map(([key, value]) => [key, JSON.stringify(value)] as const);
    return objectText([["version", version], ...commonEntries, ...Object.entries(present)]);
  });
}

const fiveText = fileText(5, {
  schema1_data: listText,
  schema2_data: listText,
  manifest_list_data: listText,
  manifest_list_amd64_tags: amd64Text,
  oci_manifest_data: listText,
  oci_index_data: listText,
});

// Fields of later versions appear in earlier files too: they must not count.
const lists = { schema2_data: listText, manifest_list_data: listText, manifest_list_amd64_tags: amd64Text };
const olderText = fc.oneof(
  fileText(2, lists),
  fileText(3, lists, ["schema2_data"]),
  fileText(4, { ...lists, schema1_data: listText, oci_index_data: listText }, Object.keys(lists)),
);

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
const acceptHeader = fc.option(
  fc
    .array(item, { minLength: 1, maxLength: 5 })
    .map((items) => items.join(","))
    .filter((header) => header.trim() !== ""),
  { nil: undefined, freq: 8 },
);

const unlisted = fc.constantFrom("unheard-of", "toString", digest("0"));
const asked = fc.oneof({ weight: 6, arbitrary: anyReference }, { weight: 1, arbitrary: unlisted });

describe("any reference and any Accept header resolve to what the page says", () => {
  test.each([
    ["for any version 5 file", fiveText],
    ["for any version 2, 3 or 4 file", olderText],
  ] as const)("%s", (_, text) => {
    fc.assert(
      fc.property(text, asked, acceptHeader, (json, reference, header) => {
        const file: NaiveFile = JSON.parse(json);
        expect(pathOf(resolve(json, reference, header))).toBe(naivelyResolve(file, reference, header));
      }),
      { numRuns: 20_000 },
    );
  });
});
