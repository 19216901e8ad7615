import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { interpolate, parseIni } from "../../lib/config/ini.ts";

/** All values of a file, as `section.key`. */
function valuesOf(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [section, { entries }] of parseIni(text).sections) {
    for (const [key, value] of entries) values[`${section}.${key}`] = value.text;
  }
  return values;
}

// Every expectation was taken from Python 2.7.18's ConfigParser.
const READ_AS_PYTHON_READS: readonly [sentence: string, text: string, values: Record<string, string>][] = [
  ["a colon and an equals sign both separate", "[a]\nx: 1\ny = 2\nz=3", { "a.x": "1", "a.y": "2", "a.z": "3" }],
  ["the first separator counts", "[a]\nx: http://h/?a=b\ny = c:d", { "a.x": "http://h/?a=b", "a.y": "c:d" }],
  ["keys are lower-cased, sections are not", "[A]\nKey: Value", { "A.key": "Value" }],
  ["a value may be empty", '[a]\nx:\ny = ""\nz:   ', { "a.x": "", "a.y": "", "a.z": "" }],
  ["white space inside a value stays", "[a]\nx:  a  b  ", { "a.x": "a  b" }],
  ["comments begin a line", "# c\n; c\n[a]\n#x: 1\n;x: 2\nrem x: 3\nREM", {}],
  ["a key may begin with rem", "[a]\nremote: 1\nrem: 2", { "a.remote": "1", "a.rem": "2" }],
  ["a semicolon after white space ends a value", "[a]\nx: 1 ; c\ny: 2\t;c", { "a.x": "1", "a.y": "2" }],
  ["a semicolon elsewhere is a part of it", "[a]\nx: a;b\ny: ;c\nz: # c", { "a.x": "a;b", "a.y": ";c", "a.z": "# c" }],
  ["only the first semicolon is looked at", "[a]\nx: a;b ;c", { "a.x": "a;b ;c" }],
  ["an indented line goes on with the value", "[a]\nx: 1\n  2\n\t3 ;c", { "a.x": "1\n2\n3 ;c" }],
  ["even as the first line of it", "[a]\nx:\n  1", { "a.x": "\n1" }],
  ["comments and blank lines don't end a value", "[a]\nx: 1\n# c\n\n 2", { "a.x": "1\n2" }],
  ["what is indented is no comment and no section", "[a]\nx: 1\n # c\n [b]", { "a.x": "1\n# c\n[b]" }],
  ["the last of two keys wins", "[a]\nx: 1\nX: 2", { "a.x": "2" }],
  ["sections of one name are one", "[a]\nx: 1\ny: 1\n[b]\n[a]\ny: 2", { "a.x": "1", "a.y": "2" }],
  ["what follows a section's bracket is ignored", "[a] x: 1\ny: 2", { "a.y": "2" }],
  ["a section's name is kept as it is written", "[ a ]\nx: 1", { " a .x": "1" }],
  ["a no-break space is no white space", "[a]\nx: \u00a01", { "a.x": "\u00a01" }],
  ["a carriage return inside a line ends nothing", "[a]\nx: 1\r2", { "a.x": "1\r2" }],
];

describe("an INI file", () => {
  test.each(READ_AS_PYTHON_READS)("%s", (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
    expect(parseIni(text).faults).toEqual([]);
  });

  test("may have a byte order mark and CRLF", () => {
    expect(valuesOf("\ufeff[a]\r\nx: 1\r\n  2 \r\ny: 3 ;c\r\n")).toEqual({ "a.x": "1\n2", "a.y": "3" });
  });

  test("gives the line of every section and value", () => {
    const section = parseIni("\n[a]\nx: 1\n  2\ny: 3\n[a]\nx: 4").sections.get("a");
    expect(section?.line).toBe(2);
    expect([...(section?.entries ?? [])]).toEqual([
      ["x", { text: "4", line: 7 }],
      ["y", { text: "3", line: 5 }],
    ]);
  });

  test("has a fault for each line that is nothing, and the rest is read", () => {
    const { sections, faults } = parseIni("[a]\n  x: 1\nnonsense\n: 2\ny: 3\n[]\n[unclosed\n");
    const expected = '"key: value", "[section]" or a comment';
    const noSeparator = 'a line without ":" or "="';
    expect(faults).toEqual([
      { line: 2, expected, received: "an indented line" },
      { line: 3, expected, received: noSeparator },
      { line: 4, expected, received: "a line without a key" },
      { line: 6, expected, received: noSeparator },
      { line: 7, expected, received: noSeparator },
    ]);
    expect(sections.get("a")?.entries.get("y")?.text).toBe("3");
  });

  test("has one fault for everything before its first section", () => {
    const { sections, faults } = parseIni("# c\nx: 1\ny: 2\n[a]\nz: 3");
    expect(faults).toEqual([{ line: 2, expected: "a [section] before anything else", received: "another line" }]);
    expect(sections.get("a")?.entries.size).toBe(1);
  });

  test("never throws, and says a line that exists", () => {
    const pieces = fc.constantFrom(
      "[",
      "]",
      "[a]",
      ":",
      "=",
      ";",
      "#",
      " ",
      "\t",
      "\n",
      "\r\n",
      "rem",
      "\ufeff",
      "\0",
      "k",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces).map((each) => each.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { sections, faults } = parseIni(text);
        const lines = [...sections.values()].flatMap(({ line, entries }) => [
          line,
          ...[...entries.values()].map((v) => v.line),
        ]);
        const last = text.split("\n").length;
        for (const line of [...lines, ...faults.map((fault) => fault.line)])
          expect(line >= 1 && line <= last).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("reads back what was written", () => {
    const word = fc.stringMatching(/^[!-~é]{1,12}$/);
    const line = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
    const isKept = (text: string) => !text.includes(" ;") && text !== '""' && !/^[;].* $/.test(text);
    const value = fc.array(line.filter(isKept), { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n"));
    const key = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,9}$/);
    const name = fc.stringMatching(/^[A-Za-z][\w .-]{0,9}$/);
    const files = fc.dictionary(name, fc.dictionary(key, value), { noNullPrototype: true });
    const separators = fc.constantFrom(":", "=", ": ", " = ", "\t=\t");
    fc.assert(
      fc.property(files, separators, fc.constantFrom("\n", "\r\n"), (file, separator, end) => {
        const written = Object.entries(file).flatMap(([section, entries]) => [
          `[${section}]`,
          ...Object.entries(entries).map(([k, v]) => `${k}${separator}${v.replaceAll("\n", `${end}  `)}`),
        ]);
        const { sections, faults } = parseIni(written.join(end));
        expect(faults).toEqual([]);
        const read = [...sections].map(([section, { entries }]) => [
          section,
          Object.fromEntries([...entries].map(([k, v]) => [k, v.text])),
        ]);
        expect(Object.fromEntries(read)).toEqual(file);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("interpolation", () => {
  const values: Record<string, string> = {
    root: "/srv",
    dir: "%(root)s/crane",
    loop: "%(loop)s",
    bomb: "%(bomb)s".repeat(99),
  };
  const cases: readonly [text: string, expected: string | undefined][] = [
    ["%(root)s/a", "/srv/a"],
    ["%(ROOT)s", "/srv"],
    ["%(dir)s/%(root)s", "/srv/crane//srv"],
    ["100%", "100%"],
    ["%20%s", "%20%s"],
    ["%(root)s 100%%", "/srv 100%"],
    ["%(root)s 100%", undefined],
    ["%(nothing)s", undefined],
    ["%(root)", undefined],
    ["%(loop)s", undefined],
    ["%(bomb)s", undefined],
  ];
  test.each(cases)("%j is %j", (text, expected) => {
    expect(interpolate(text, (name) => values[name])).toBe(expected);
  });
});
