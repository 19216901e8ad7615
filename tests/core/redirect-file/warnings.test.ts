import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeWarning } from "../../../lib/core/redirect-file/fault.ts";
import { faultsOf, ID, parseJson, parseText, repositoryOf, soundFile, without } from "./samples.ts";

function warningsOf(file: unknown): readonly string[] {
  const parsed = parseJson(file);
  if (!parsed.ok) throw new Error(faultsOf(parsed).join("; "));
  return parsed.warnings.map(describeWarning);
}

describe("a field that the version does not have", () => {
  test.each([
    ["5", "referers", "referers: not a field of version 5, ignored; the nearest field is referrers"],
    ["5", "Description", "Description: not a field of version 5, ignored; the nearest field is description"],
    ["6", "manifest", "manifest: not a field of version 6, ignored; the nearest field is manifests"],
    ["1", "starcount", "starcount: not a field of version 1, ignored; the nearest field is star_count"],
    ["6", "schema2_data", "schema2_data: not a field of version 6, ignored"],
    ["2", "a\nb", '["a\\nb"]: not a field of version 2, ignored; the nearest field is url'],
  ])("version %s, %j is a warning that names the nearest", (version, field, warning) => {
    expect(warningsOf({ ...soundFile(version), [field]: 1 })).toEqual([warning]);
  });

  test.each(["1", "2", "3", "4", "5", "6"])("none is unknown in a sound file of version %s", (version) => {
    expect(warningsOf({ ...soundFile(version), $schema: "craned.schema.json", type: "x" })).toEqual([]);
  });

  test("twenty of them are told", () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field-${n}`, n]));
    expect(warningsOf({ ...soundFile("2"), ...many })).toHaveLength(20);
  });
});

describe("a misspelt protected is an error, since the repository would be open without it", () => {
  const spellings = [
    "Protected",
    "PROTECTED",
    "protcted",
    "protectd",
    "protectedd",
    "pretected",
    "portected",
    "Protectd",
  ];
  test.each(spellings)("%s", (field) => {
    expect(faultsOf(parseJson({ ...without(soundFile("5"), "protected"), [field]: true }))).toEqual([
      `${field}: expected this field to be spelt protected, received "${field}"`,
    ]);
  });

  test.each(["protect", "protected_by", "is_protected", "unprotected"])("%s is another word", (field) => {
    expect(warningsOf({ ...soundFile("5"), [field]: true })).toHaveLength(1);
  });

  test("other faults of the file are told beside it", () => {
    expect(faultsOf(parseJson({ ...soundFile("2"), Protected: true, url: 1 }))).toHaveLength(2);
  });
});

describe("version 1 has the names and tags that docker 1.5 to 1.7 pull", () => {
  test.each(["a", "-", "a..b", "_a", "a-.-b/c__", "0.0/-x", "...", "a".repeat(255)])("the name %s", (name) => {
    expect(repositoryOf(parseJson({ ...soundFile("1"), "repo-registry-id": name })).name).toBe(name as never);
  });

  test.each(["", "A", "a/b/c", "/a", "a/", ".", "..", "a/..", "../a", "a b", "a:b", "ä", "a".repeat(256)])(
    "not the name %j",
    (name) => {
      expect(faultsOf(parseJson({ ...soundFile("1"), "repo-registry-id": name }))).toHaveLength(1);
    },
  );

  test("not in version 5, whose names follow the OCI grammar", () => {
    expect(faultsOf(parseJson({ ...soundFile("5"), "repo-registry-id": "a..b" }))).toHaveLength(1);
  });

  test("a tag that no client can ask for is left out with a warning", () => {
    const file = { ...soundFile("1"), tags: { "1.0": ID, "a b": ID, "": 7 } };
    expect(warningsOf(file)).toEqual([
      'tags["a b"]: not a tag that a client can ask for; it is left out',
      'tags[""]: not a tag that a client can ask for; it is left out',
    ]);
    const repository = repositoryOf(parseJson(file));
    expect<unknown>(repository.api === "v1" && [...repository.tags]).toEqual([["1.0", ID]]);
  });
});

describe("an error of JSON has its line and column", () => {
  const fault = (text: string) => faultsOf(parseText(text))[0] ?? "";
  test.each([
    ['{\n  "version": 5,\n  "url": "x"\n  "type": 1\n}', "line 4, column 3"],
    ['{"a":1,}', "line 1, column 8"],
    ['{"a" 1}', "line 1, column 6"],
    ["{a:1}", "line 1, column 2"],
    ['{"a":[1,2,]}', "line 1, column 11"],
    ['{"a":\ttrue,\r\n"b":tru}', "line 2, column 5"],
    ['{"a":"b\nc"}', "line 1, column 6"],
    ['{"a":01}', "line 1, column 7"],
    ["{} x", "line 1, column 4"],
    ['{"a":"ö", "b":}', "line 1, column 15"],
    [`${"[".repeat(100_000)}`, "line 1, column 100001"],
    ["// comment", "line 1, column 1"],
  ])("%j", (text, position) => {
    expect(fault(text)).toEndWith(position);
  });

  test("which is where JSON stops, for any JSON with a stray character in it", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (json, n) => {
        const text = `{"x": ${json}}`;
        const at = n % text.length;
        const broken = `${text.slice(0, at)}\u0001${text.slice(at)}`;
        const [line, column] = (/line (\d+), column (\d+)$/.exec(fault(broken)) ?? []).slice(1).map(Number);
        expect(line).toBe(1);
        // A character inside of a string or a word breaks the whole of it.
        expect(column).toBeLessThanOrEqual(at + 1);
        const token = broken.slice((column ?? 0) - 1, at);
        expect(token).toMatch(/^(?:"(?:[^"\\]|\\.)*\\?|[\w.+-]*)$/s);
      }),
      { numRuns: 2000 },
    );
  });
});
