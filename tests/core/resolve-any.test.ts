import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { digest, redirectFile } from "../harness/redirect-files.ts";
import { acceptHeader } from "./accept-headers.ts";
import { type NaiveFile, naivelyResolve } from "./naive-resolution.ts";
import { pathOf, resolve } from "./resolving.ts";

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
    const common = Object.entries(redirectFile(version, "team/app", {}));
    return objectText([
      ...common.map(([key, value]) => [key, JSON.stringify(value)] as const),
      ...Object.entries(present),
    ]);
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

const unlisted = fc.constantFrom("unheard-of", "toString", digest("0"));
const asked = fc.oneof({ weight: 6, arbitrary: anyReference }, { weight: 1, arbitrary: unlisted });

describe("any reference and any Accept header resolve to what the page says", () => {
  test.each([
    ["for any version 5 file", fiveText],
    ["for any version 2, 3 or 4 file", olderText],
  ] as const)(
    "%s",
    (_, text) => {
      fc.assert(
        fc.property(text, asked, acceptHeader, (json, reference, header) => {
          const file: NaiveFile = JSON.parse(json);
          expect(pathOf(resolve(json, reference, header))).toBe(naivelyResolve(file, reference, header));
        }),
        { numRuns: 20_000 },
      );
    },
    60_000,
  );
});
