import { describe, expect, test } from "bun:test";
import { parseRedirectFile } from "../../../lib/core/redirect-file/parse.ts";
import { digest } from "../../harness/redirect-files.ts";
import { type Fields, faultsOf, ID, parseJson, parseText, soundFile, without } from "./samples.ts";

const STRING = "a string";
const NAME = "a repository name";
const URL_TEXT = "an absolute http or https URL without a query";
const STAR_COUNT = "a whole number, 0 or more";
const REFERENCES = "an array of tags and digests";
const REFERENCE = "a tag or a digest";
const IMAGE_ID = "an image id of 64 lower-case hexadecimal digits";
const IMAGE = "an object with an id, at most 64 levels deep";
const AMD64 = "a digest and its schema version, 1 or 2";
const DESCRIPTORS = "an array of descriptors, at most 64 levels deep";

/** Version, the fields that are wrong, and the whole of what is said of them. */
const WRONG: readonly (readonly [version: string, fields: Fields, ...faults: string[]])[] = [
  ["2", { type: 1 }, `type: expected ${STRING}, received 1`],
  ["2", { repository: null }, `repository: expected ${STRING}, received null`],
  ["2", { "repo-registry-id": ["a"] }, `repo-registry-id: expected ${NAME}, received an array`],
  ["2", { "repo-registry-id": "Team/App" }, `repo-registry-id: expected ${NAME}, received "Team/App"`],
  ["2", { "repo-registry-id": "../etc" }, `repo-registry-id: expected ${NAME}, received "../etc"`],
  ["2", { "repo-registry-id": "__proto__" }, `repo-registry-id: expected ${NAME}, received "__proto__"`],
  ["2", { url: 80 }, `url: expected ${URL_TEXT}, received 80`],
  ["2", { url: "/app" }, `url: expected ${URL_TEXT}, received "/app"`],
  ["2", { url: "//h/app" }, `url: expected ${URL_TEXT}, received "//h/app"`],
  ["2", { url: "ftp://h/" }, `url: expected ${URL_TEXT}, received "ftp://h/"`],
  ["2", { url: "http:h" }, `url: expected ${URL_TEXT}, received "http:h"`],
  ["2", { url: "http:///h" }, `url: expected ${URL_TEXT}, received "http:///h"`],
  ["2", { url: "http://" }, `url: expected ${URL_TEXT}, received "http://"`],
  ["2", { url: "http://h/?a" }, `url: expected ${URL_TEXT}, received "http://h/?a"`],
  ["2", { url: "http://h/#a" }, `url: expected ${URL_TEXT}, received "http://h/#a"`],
  ["2", { url: "http://h/\r\nX: y" }, `url: expected ${URL_TEXT}, received "http://h/\\r\\nX: y"`],
  ["2", { url: "http://h/\0" }, `url: expected ${URL_TEXT}, received "http://h/\\u0000"`],
  ["2", { url: " http://h/" }, `url: expected ${URL_TEXT}, received " http://h/"`],
  ["2", { url: "http://h:99999/" }, `url: expected ${URL_TEXT}, received "http://h:99999/"`],
  ["2", { url: "javascript:alert(1)" }, `url: expected ${URL_TEXT}, received "javascript:alert(1)"`],
  ["2", { protected: "true" }, 'protected: expected true or false, received "true"'],
  ["2", { protected: 1 }, "protected: expected true or false, received 1"],
  ["2", { protected: null }, "protected: expected true or false, received null"],
  ...["1", "2", "3", "4", "5"].flatMap((version) => [
    [version, { description: ["x"] }, `description: expected ${STRING}, received an array`] as const,
    [version, { is_official: 1 }, "is_official: expected true or false, received 1"] as const,
    [version, { is_trusted: "true" }, 'is_trusted: expected true or false, received "true"'] as const,
    [version, { star_count: "7" }, `star_count: expected ${STAR_COUNT}, received "7"`] as const,
  ]),
  ["5", { description: null }, `description: expected ${STRING}, received null`],
  ["5", { is_official: null }, "is_official: expected true or false, received null"],
  ["5", { star_count: -1 }, `star_count: expected ${STAR_COUNT}, received -1`],
  ["5", { star_count: 1.5 }, `star_count: expected ${STAR_COUNT}, received 1.5`],
  ["5", { star_count: null }, `star_count: expected ${STAR_COUNT}, received null`],
  ["1", { images: {} }, "images: expected an array of images, received an object"],
  ["1", { images: [ID] }, `images[0]: expected ${IMAGE}, received "${ID}"`],
  ["1", { images: [[ID]] }, `images[0]: expected ${IMAGE}, received an array`],
  ["1", { images: [null] }, `images[0]: expected ${IMAGE}, received null`],
  ["1", { images: [{ id: ID }, {}] }, `images[1].id: expected ${IMAGE_ID}, received nothing`],
  ["1", { images: [{ id: "ABC" }] }, `images[0].id: expected ${IMAGE_ID}, received "ABC"`],
  ["1", { tags: [] }, "tags: expected an object, received an array"],
  ["1", { tags: null }, "tags: expected an object, received null"],
  ["1", { tags: { latest: 7 } }, `tags.latest: expected ${IMAGE_ID}, received 7`],
  ["1", { tags: { "1.0": "x" } }, `tags["1.0"]: expected ${IMAGE_ID}, received "x"`],
  ["1", { tags: { "a b": ID, ok: ID, c: 1 } }, `tags.c: expected ${IMAGE_ID}, received 1`],
  ["3", { schema2_data: "latest" }, `schema2_data: expected ${REFERENCES}, received "latest"`],
  ["3", { schema2_data: { latest: 1 } }, `schema2_data: expected ${REFERENCES}, received an object`],
  [
    "3",
    { schema2_data: ["ok", 1, "a b", ["x"]] },
    `schema2_data[1]: expected ${REFERENCE}, received 1`,
    `schema2_data[2]: expected ${REFERENCE}, received "a b"`,
    `schema2_data[3]: expected ${REFERENCE}, received an array`,
  ],
  ["3", { schema2_data: ["sha256:abc"] }, `schema2_data[0]: expected ${REFERENCE}, received "sha256:abc"`],
  ["4", { manifest_list_data: 1 }, `manifest_list_data: expected ${REFERENCES}, received 1`],
  ["4", { manifest_list_amd64_tags: [] }, "manifest_list_amd64_tags: expected an object, received an array"],
  ...[[digest("a")], [digest("a"), 3], [digest("a"), "2"], ["latest", 2], [digest("a"), 2, 2], null, "x", {}].map(
    (value) =>
      [
        "4",
        { manifest_list_amd64_tags: { a: value } },
        `manifest_list_amd64_tags.a: expected ${AMD64}, received ${
          Array.isArray(value) ? "an array" : value === null ? "null" : value === "x" ? '"x"' : "an object"
        }`,
      ] as const,
  ),
  [
    "4",
    { manifest_list_amd64_tags: { [digest("a")]: [digest("a"), 2] } },
    `manifest_list_amd64_tags["${digest("a")}"]: expected a tag as key, received "${digest("a")}"`,
  ],
  ...["schema1_data", "schema2_data", "manifest_list_data", "oci_manifest_data", "oci_index_data"].flatMap((field) => [
    ["5", { [field]: null }, `${field}: expected ${REFERENCES}, received null`] as const,
    ["5", { [field]: [true] }, `${field}[0]: expected ${REFERENCE}, received true`] as const,
  ]),
  ["5", { referrers: [] }, "referrers: expected an object, received an array"],
  ["5", { referrers: { latest: [] } }, 'referrers.latest: expected a digest as key, received "latest"'],
  ["5", { referrers: { "a:b": {} } }, `referrers["a:b"]: expected ${DESCRIPTORS}, received an object`],
  ["5", { referrers: { "a:b": [1] } }, `referrers["a:b"]: expected ${DESCRIPTORS}, received an array`],
  ["5", { referrers: { "a:b": [[]] } }, `referrers["a:b"]: expected ${DESCRIPTORS}, received an array`],
  [
    "5",
    { url: 1, protected: 2, schema2_data: 3 },
    `url: expected ${URL_TEXT}, received 1`,
    "protected: expected true or false, received 2",
    `schema2_data: expected ${REFERENCES}, received 3`,
  ],
];

describe("a field of the wrong type is named, with what was expected and what was there", () => {
  test.each(WRONG.map((row) => [...row]))("version %s: %j", (version, fields, ...faults) => {
    expect(faultsOf(parseJson({ ...soundFile(String(version)), ...(fields as Fields) }))).toEqual(faults as string[]);
  });
});

describe("a missing field is named, with what was expected", () => {
  const optional = ["type", "protected"];
  const required = ["1", "2", "3", "4"].flatMap((version) =>
    Object.keys(soundFile(version))
      .filter((field) => field !== "version" && !optional.includes(field))
      .map((field) => [version, field] as const),
  );
  const expected: Readonly<Record<string, string>> = {
    repository: STRING,
    "repo-registry-id": NAME,
    url: URL_TEXT,
    images: "an array of images",
    tags: "an object",
    schema2_data: REFERENCES,
    manifest_list_data: REFERENCES,
    manifest_list_amd64_tags: "an object",
  };
  test.each([...required, ["5", "repository"], ["5", "repo-registry-id"], ["5", "url"]] as const)(
    "version %s without %s",
    (version, field) => {
      expect(faultsOf(parseJson(without(soundFile(version), field)))).toEqual([
        `${field}: expected ${expected[field]}, received nothing`,
      ]);
    },
  );

  test("all of them at once", () => {
    expect(faultsOf(parseText('{"version":1}'))).toHaveLength(5);
  });
});

describe("a version that there is not", () => {
  test.each([
    ["missing", without(soundFile("2"), "version"), "nothing"],
    ["0", { version: 0 }, "0"],
    ["7", { version: 7 }, "7"],
    ["a fraction", { version: 2.5 }, "2.5"],
    ["a string", { version: "2" }, '"2"'],
    ["null", { version: null }, "null"],
    ["an array", { version: [2] }, "an array"],
  ])("%s", (_, file, received) => {
    expect(faultsOf(parseJson(file))).toEqual([`version: expected a version from 1 to 6, received ${received}`]);
  });
});

describe("what is no JSON object", () => {
  test.each<[string, string, string]>([
    ["an empty file", "", "Unexpected EOF at line 1, column 1"],
    ["blanks", " \n", "Unexpected EOF at line 2, column 1"],
    ["null", "null", "null"],
    ["a number", "5", "5"],
    ["a string", '"version"', '"version"'],
    ["an array", "[]", "an array"],
    ["a file cut off", '{"version":5', "Expected '}' at line 1, column 13"],
    ["a control character", "\u001b[31m", "Unrecognized token '\\u{1b}' at line 1, column 1"],
    ["a character that turns text around", "\u202e", "Unrecognized token '\\u{202e}' at line 1, column 1"],
    ["a long word", "x".repeat(10_000), `Unexpected identifier "${"x".repeat(57)}… at line 1, column 1`],
  ])("%s", (_, text, received) => {
    expect(faultsOf(parseText(text))).toEqual([`expected a JSON object in UTF-8, received ${received}`]);
  });

  test.each([
    ["a byte that UTF-8 never has", [0x22, 0xff, 0x22]],
    ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a slash in two bytes", [0x22, 0xc0, 0xaf, 0x22]],
    ["a character cut off", [0x22, 0xe2, 0x82]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00]],
  ])("%s", (_, bytes) => {
    expect(faultsOf(parseRedirectFile(Uint8Array.from(bytes)))).toEqual([
      "expected a JSON object in UTF-8, received invalid UTF-8",
    ]);
    // The decoder keeps nothing of a bad file for the next one.
    expect(faultsOf(parseJson(soundFile("2")))).toEqual([]);
  });
});
