import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  isDigest,
  parseDigest,
  parseImageId,
  parseReference,
  parseRepositoryName,
  parseTag,
} from "../../lib/core/reference.ts";

const hex = (digits: number) => "0123456789abcdef".repeat(8).slice(0, digits);

type Parser = (text: string) => string | undefined;

interface Case {
  readonly parse: Parser;
  /** The grammar as a regular expression, and how long a text may be. */
  readonly twin: RegExp;
  readonly limit: number;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST =
  /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}|(?!sha256:|sha512:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+)$/;

const GRAMMAR: Readonly<Record<string, Case>> = {
  "a repository name": {
    parse: parseRepositoryName,
    twin: NAME,
    limit: 255,
    good: [
      "a",
      "0",
      "library/busybox",
      "a/b/c/d/e/f",
      "a.b",
      "a_b",
      "a__b",
      "a-b",
      "a-----b",
      "manifests/tags/list",
      "constructor",
      "a".repeat(255),
      `${"a/".repeat(127)}a`,
    ],
    bad: [
      "",
      "/",
      "/a",
      "a/",
      "a//b",
      "A",
      "aB",
      "a..b",
      "a___b",
      "a._b",
      "a-.b",
      "a-_b",
      ".a",
      "a.",
      "_a",
      "a_",
      "a__",
      "-a",
      "a-",
      "a-/b",
      "a/-b",
      "..",
      "a/../b",
      "a/./b",
      "a:b",
      "a@b",
      "a b",
      " a",
      "a\n",
      "a\0b",
      "ä",
      "ａ",
      "a\u0130",
      "a%2fb",
      "a\\b",
      "__proto__",
      "a".repeat(256),
      `${"a/".repeat(127)}aa`,
    ],
  },
  "a tag": {
    parse: parseTag,
    twin: TAG,
    limit: 128,
    good: ["a", "Z", "0", "_", "__proto__", "latest", "1.0", "1-ubuntu", "v1..2", "a.-_", "sha256", "A".repeat(128)],
    bad: ["", ".", ".a", "..", "-a", "a:b", "a/b", "a b", "a+b", "a\n", "a\0", "é", "１", "a%20", "A".repeat(129)],
  },
  "a digest": {
    parse: parseDigest,
    twin: DIGEST,
    limit: 255,
    good: [
      `sha256:${hex(64)}`,
      `sha512:${hex(128)}`,
      "md5:d41d8cd98f00b204e9800998ecf8427e",
      "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564=",
      "a.b_c-d+e:f",
      "sha2567:A",
      "constructor:a",
      "a:A=_-z9",
      `a:${"b".repeat(253)}`,
    ],
    bad: [
      "",
      ":",
      "sha256",
      "sha256:",
      ":abc",
      `sha256:${hex(63)}`,
      `sha256:${hex(65)}`,
      `sha256:${hex(64).toUpperCase()}`,
      `sha256:${hex(63)}g`,
      `sha256:${hex(64)}\n`,
      `sha256:${hex(128)}`,
      `sha512:${hex(64)}`,
      `sha512:${hex(127)}`,
      `SHA256:${hex(64)}`,
      `Sha1:${hex(40)}`,
      `sha256::${hex(63)}`,
      "a:b:c",
      "a++b:c",
      "+a:b",
      "a+:b",
      "a:b c",
      "a:b.c",
      "a:b/c",
      "a/b:c",
      "a:é",
      "é:a",
      `a:${"b".repeat(254)}`,
    ],
  },
  "an image id": {
    parse: parseImageId,
    twin: /^[a-f0-9]{64}$/,
    limit: 64,
    good: [hex(64), "0".repeat(64), "f".repeat(64)],
    bad: ["", hex(63), hex(65), hex(64).toUpperCase(), `${hex(63)}g`, `${hex(63)}\n`, `${hex(63)}ａ`, "../".repeat(21)],
  },
};

/** Texts that nearly keep the grammar: its own pieces, with now and then something foreign. */
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "z", "0", "9", "f", "g", "abc", "latest", "sha256", "sha512") },
  { weight: 4, arbitrary: fc.constantFrom(".", "_", "__", "___", "-", "--", "/", ":", "+", "=", "sha256:", "a:") },
  { weight: 2, arbitrary: fc.constantFrom(hex(63), hex(64), hex(127), hex(128), "b".repeat(126)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("A", "Z", "@", "`", "{", "[", "~", " ", "%", "\\", "\n", "\r", "\0", "\u007f"),
  },
  { weight: 1, arbitrary: fc.constantFrom("é", "\u0130", "ａ", "\u00aa", "\u2028", "😀", "\ud800", "\u0141") },
);
const nearly = fc.oneof(
  { weight: 8, arbitrary: fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
);

for (const [what, { parse, twin, limit, good, bad }] of Object.entries(GRAMMAR)) {
  describe(what, () => {
    test.each(good)("takes %j", (text) => {
      expect(parse(text)).toBe(text);
      expect(text.length <= limit && twin.test(text)).toBe(true);
    });

    test.each(bad)("refuses %j", (text) => {
      expect(parse(text)).toBeUndefined();
      expect(text.length <= limit && twin.test(text)).toBe(false);
    });

    test("is what the regular expression says, and nothing else", () => {
      fc.assert(
        fc.property(nearly, (text) => {
          expect(parse(text) !== undefined).toBe(text.length <= limit && twin.test(text));
        }),
        { numRuns: 5000, examples: [...good, ...bad].map((text) => [text] as [string]) },
      );
    });

    test("survives no change of one character that the regular expression refuses", () => {
      fc.assert(
        fc.property(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 0, max: 0x17f }), (text, place, code) => {
          const at = place % text.length;
          const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
          expect(parse(changed) !== undefined).toBe(changed.length <= limit && twin.test(changed));
        }),
        { numRuns: 5000 },
      );
    });
  });
}

describe("a reference", () => {
  test("is a tag or a digest, told apart by the colon alone", () => {
    fc.assert(
      fc.property(nearly, (text) => {
        const reference = parseReference(text);
        expect(reference).toBe(parseTag(text) ?? parseDigest(text));
        expect(parseTag(text) !== undefined && parseDigest(text) !== undefined).toBe(false);
        if (reference !== undefined) expect(isDigest(reference)).toBe(parseDigest(text) !== undefined);
      }),
      { numRuns: 3000 },
    );
  });
});
