import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ManifestKind, MEDIA_TYPE, parseAccept } from "../../lib/core/media-types.ts";
import { INDEX, LIST, OCI, SCHEMA_1, SCHEMA_1_UNSIGNED, SCHEMA_2 } from "../harness/redirect-files.ts";

type Quality = Partial<Record<ManifestKind, number>>;

const none = { "1": 0, "2": 0, list: 0, oci: 0, index: 0 };
const everything = { "1": 1, "2": 1, list: 1, oci: 1, index: 1 };

test("each directory has the type that its manifests are sent as", () => {
  expect(MEDIA_TYPE).toEqual({ "1": SCHEMA_1, "2": SCHEMA_2, list: LIST, oci: OCI, index: INDEX });
});

describe("what a client accepts, by RFC 9110", () => {
  test.each<[sentence: string, header: string | undefined, quality: Quality]>([
    ["no header is an old docker: schema 1 only", undefined, { "1": 1 }],
    ["an empty header is no header", "", { "1": 1 }],
    ["a header of blanks is no header", " \t ", { "1": 1 }],
    ["a header that names nothing accepts nothing", ",;q=1, ,", {}],
    ["a type accepts its own kind only", SCHEMA_2, { "2": 1 }],
    ["every type, joined by commas", [SCHEMA_1, SCHEMA_2, LIST, OCI, INDEX].join(","), everything],
    ["blanks around types and parameters", ` ${LIST} ; q=0.5 ,\t${OCI}\t`, { list: 0.5, oci: 1 }],
    ["schema 1 by its signed type", SCHEMA_1, { "1": 1 }],
    ["schema 1 by its unsigned type", SCHEMA_1_UNSIGNED, { "1": 1 }],
    ["schema 1 as plain JSON", "application/json", { "1": 1 }],
    ["the best of schema 1's three names counts", `application/json;q=0.1, ${SCHEMA_1};q=0.4`, { "1": 0.4 }],
    ["everything", "*/*", everything],
    ["every application", "application/*", everything],
    ["other families are other families", "text/*, image/*, text/html", {}],
    ["a half range is none", "*/json, application/, */, *", {}],
    ["types without regard to case", SCHEMA_2.toUpperCase(), { "2": 1 }],
    ["ranges without regard to case", "Application/*;Q=0.5", { "1": 0.5, "2": 0.5, list: 0.5, oci: 0.5, index: 0.5 }],
    ["q=0 excludes", `${SCHEMA_2};q=0`, {}],
    ["q=0.000 excludes", `${SCHEMA_2};q=0.000`, {}],
    ["q=0 excludes one from everything", `*/*, ${LIST};q=0`, { ...everything, list: 0 }],
    [
      "the type is more specific than everything, whatever the order",
      `${LIST};q=0.2, */*`,
      { ...everything, list: 0.2 },
    ],
    ["the family is more specific than everything", "*/*;q=0.9, application/*;q=0.1", mapAll(0.1)],
    ["the type is more specific than the family", `application/*;q=0.9, ${OCI};q=0.1`, { ...mapAll(0.9), oci: 0.1 }],
    ["plain JSON speaks for schema 1 before a range does", "application/json;q=0.3, */*", { ...everything, "1": 0.3 }],
    ["q may stand after other parameters", `${OCI};charset=utf-8;q=0.25`, { oci: 0.25 }],
    ["other parameters change nothing", `${OCI};charset=utf-8;level=1`, { oci: 1 }],
    ["a type twice has the higher q", `${OCI};q=0.1, ${OCI};q=0.7, ${OCI};q=0.3`, { oci: 0.7 }],
    ["a trailing semicolon", `${OCI};`, { oci: 1 }],
    ["blanks around the equals sign", `${OCI}; q = 0.5`, { oci: 0.5 }],
    ["as many as 256 ranges", `${"a/b,".repeat(255)}${OCI}`, { oci: 1 }],
    ["of more, the first 256", `${LIST},${"a/b,".repeat(255)}${OCI}`, { list: 1 }],
    ["of a range's parameters, the first 15", `${OCI}${";a=b".repeat(14)};q=0.5${";a=b".repeat(9)};q=0`, { oci: 0.5 }],
    ["of more, not the sixteenth", `${OCI}${";a=b".repeat(15)};q=0.5`, { oci: 1 }],
  ])("%s", (_, header, quality) => {
    expect(parseAccept(header).quality).toEqual({ ...none, ...quality });
  });

  test.each([
    ["0", 0],
    ["0.", 0],
    ["0.5", 0.5],
    ["0.125", 0.125],
    ["1", 1],
    ["1.", 1],
    ["1.000", 1],
    ["", 1],
    ["2", 1],
    ["1.5", 1],
    ["-1", 1],
    ["+0", 1],
    [".5", 1],
    ["1e-3", 1],
    ["0x0", 1],
    ["NaN", 1],
    ["Infinity", 1],
    ['"0"', 1],
    ["٠", 1],
  ])("q=%s weighs %d: a malformed q is as none", (q, weight) => {
    expect(parseAccept(`${OCI};q=${q}`).quality.oci).toBe(weight);
  });
});

describe("what Crane 3.3.1 saw in the header", () => {
  test.each<[sentence: string, header: string | undefined, list: boolean, schema2: boolean]>([
    ["no header", undefined, false, false],
    ["an empty header", "", false, false],
    ["the list type", LIST, true, false],
    ["the schema 2 type", SCHEMA_2, false, true],
    ["both, with blanks", ` ${LIST} , ${SCHEMA_2} `, true, true],
    ["parameters are dropped, q=0 among them", `${LIST};q=0, ${SCHEMA_2} ; charset=utf-8`, true, true],
    ["case counts", `${LIST.toUpperCase()}, Application/vnd.docker.distribution.manifest.v2+json`, false, false],
    ["everything matches nothing", "*/*, application/*, application/json", false, false],
    ["part of a type is none", `${LIST}x, x${SCHEMA_2}`, false, false],
  ])("%s", (_, header, list, schema2) => {
    expect(parseAccept(header).names).toEqual({ list, schema2 });
  });
});

test("any header gives a weight from 0 to 1 for each kind, and never throws", () => {
  const fragment = fc.constantFrom(
    OCI,
    LIST,
    "*/*",
    "application/*",
    ",",
    ";",
    "q=",
    "q",
    "=",
    "0.5",
    "1",
    " ",
    '"',
    "é",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
      const weights = Object.values(parseAccept(fragments.join("")).quality);
      expect(weights).toHaveLength(5);
      for (const weight of weights) expect(weight >= 0 && weight <= 1).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

function mapAll(quality: number): Quality {
  return { "1": quality, "2": quality, list: quality, oci: quality, index: quality };
}

test("a non-breaking space is no white space of a header", () => {
  const type = INDEX;
  expect(parseAccept(` ${type}\t;q=1`).quality.index).toBe(1);
  expect(parseAccept(`\u00a0${type}`).quality.index).toBe(0);
  expect(parseAccept(`${type}\u00a0`).quality.index).toBe(0);
});
