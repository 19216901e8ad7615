import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeFault } from "../../../lib/core/redirect-file/fault.ts";
import { type ParsedFile, parseRedirectFile } from "../../../lib/core/redirect-file/parse.ts";
import { bytesOf, faultsOf, ID, parseJson, parseText, repositoryOf, SOUND, soundFile } from "./samples.ts";

const URL_TEXT = "an absolute http or https URL without a query";
const REFERENCE = "a tag or a digest";
const IMAGE = "an object with an id, at most 64 levels deep";
const DESCRIPTORS = "an array of descriptors, at most 64 levels deep";

describe("a hostile file", () => {
  const withText = (version: string, extra: string) => `${JSON.stringify(soundFile(version)).slice(0, -1)},${extra}}`;

  test("may have tags by the names of Object's own", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const tags = `"tags":{${names.map((name) => `"${name}":"${ID}"`).join(",")}}`;
    const repository = repositoryOf(parseText(withText("1", tags)));
    expect(repository.api === "v1" && [...repository.tags.keys()].map(String)).toEqual(names);
  });

  test("can't hand down fields through __proto__", () => {
    const inherited = JSON.stringify({ ...soundFile("2"), protected: true });
    expect(faultsOf(parseText(`{"__proto__":${inherited}}`))).toEqual([
      "version: expected a version from 1 to 6, received nothing",
    ]);
    expect(repositoryOf(parseText(withText("2", `"__proto__":${inherited}`))).isProtected).toBe(false);
    expect(Object.hasOwn(Object.prototype, "protected")).toBe(false);
  });

  test("has its images' own keys passed on, whatever their names", () => {
    const image = `{"id":"${ID}","constructor":1,"prototype":2,"__proto__":{"x":3}}`;
    const repository = repositoryOf(parseText(withText("1", `"images":[${image}]`)));
    expect(repository.api === "v1" && JSON.stringify(repository.images)).toBe(`[${image}]`);
  });

  test("has the last of two equal keys count, as JSON is read everywhere", () => {
    expect(repositoryOf(parseText(withText("2", '"url":"http://second/"'))).url).toBe("http://second/");
    expect(faultsOf(parseText(withText("2", '"url":7')))).toEqual([`url: expected ${URL_TEXT}, received 7`]);
  });

  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  test.each([
    ["in a field that does not count", withText("2", `"x":${deep}`), []],
    ["as the file", deep, ["expected a JSON object in UTF-8, received an array"]],
    [
      "in a list",
      withText("3", `"schema2_data":${deep}`),
      [`schema2_data[0]: expected ${REFERENCE}, received an array`],
    ],
    [
      "in an image",
      withText("1", `"images":[{"id":"${ID}","x":${deep}}]`),
      [`images[0]: expected ${IMAGE}, received an object`],
    ],
    [
      "in a descriptor",
      withText("5", `"referrers":{"a:b":[{"x":${deep}}]}`),
      [`referrers["a:b"]: expected ${DESCRIPTORS}, received an array`],
    ],
  ])("may nest 100,000 levels deep %s", (_, text, faults) => {
    expect(faultsOf(parseText(text))).toEqual(faults);
  });

  test("may have huge numbers", () => {
    expect(faultsOf(parseText(withText("2", `"version":1e999`)))).toEqual([
      "version: expected a version from 1 to 6, received Infinity",
    ]);
    expect(faultsOf(parseText(withText("2", `"version":${"9".repeat(10_000)}`)))).toHaveLength(1);
    expect(faultsOf(parseText(withText("2", '"version":2.0')))).toEqual([]);
  });

  test("with a million faults is told of the first twenty", () => {
    const bad = Array.from({ length: 1_000_000 }, () => "a b");
    const faults = faultsOf(parseJson({ ...soundFile("3"), schema2_data: bad }));
    expect(faults).toHaveLength(20);
    expect(faults[19]).toBe(`schema2_data[19]: expected ${REFERENCE}, received "a b"`);
    const tags = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`t${n}`, n]));
    expect(faultsOf(parseJson({ ...soundFile("1"), tags }))).toHaveLength(20);
  });

  test("is quoted on one line, and not at length", () => {
    const key = `\n\u001b[31m\u009b\u202e${"k".repeat(1000)}`;
    const [fault = "", ...others] = faultsOf(parseJson({ ...soundFile("4"), manifest_list_amd64_tags: { [key]: [] } }));
    expect(others).toEqual([]);
    expect(fault).toStartWith('manifest_list_amd64_tags["\\n\\u001b[31m\\u{9b}\\u{202e}kkk');
    expect(fault).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(fault.length).toBeLessThan(300);
  });
});

describe("no file makes the reader throw, or touches Object's prototype", () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype).sort();
  const sources = Object.values(SOUND).map((file) => JSON.stringify(file));
  const hostile = fc.constantFrom(
    ...['"__proto__"', '"constructor"', '"prototype"', '{"__proto__":{"polluted":1}}', '"polluted"', "null", "[]"],
    ...["{}", "1e999", "-0", "true", '""', '"\\ud800"', '"\\u0000"', ",", ":", "}", "]", "{", "[", '"', "\0", "\ufeff"],
  );
  const text = fc.constantFrom(...sources);

  function isUntouched(parsed: ParsedFile) {
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototype);
    if (parsed.ok) return;
    expect(parsed.faults.length).toBeGreaterThan(0);
    for (const fault of parsed.faults) expect(describeFault(fault)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  }

  test("by pieces cut out and put in", () => {
    const edit = fc.tuple(fc.nat(), fc.nat({ max: 12 }), hostile);
    fc.assert(
      fc.property(text, fc.array(edit, { minLength: 1, maxLength: 4 }), (source, edits) => {
        let mutated = source;
        for (const [place, length, piece] of edits) {
          const at = place % (mutated.length + 1);
          mutated = mutated.slice(0, at) + piece + mutated.slice(at + length);
        }
        isUntouched(parseText(mutated));
      }),
      { numRuns: 3000 },
    );
  });

  test("by values put in the place of values", () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
    fc.assert(
      fc.property(text, fc.nat(), fc.oneof(value, hostile), (source, place, replacement) => {
        const tokens = [...source.matchAll(/"[^"]*"|\d+|true|\[[^[\]]*\]|\{[^{}]*\}/g)];
        const token = tokens[place % tokens.length];
        if (token === undefined) return;
        const mutated = source.slice(0, token.index) + replacement + source.slice(token.index + token[0].length);
        isUntouched(parseText(mutated));
      }),
      { numRuns: 3000 },
    );
  });

  test("by bytes changed", () => {
    fc.assert(
      fc.property(text, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1 }), (source, changes) => {
        const bytes = bytesOf(source);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        isUntouched(parseRedirectFile(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
