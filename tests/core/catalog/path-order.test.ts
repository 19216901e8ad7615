import { expect, test } from "bun:test";
import fc from "fast-check";
import { comparePaths } from "../../../lib/core/catalog/catalog.ts";

const unit = fc.oneof(
  fc.constantFrom("a", "b", "/", ".", "-", "\u007f", "\u0080", "é", "\u07ff", "\u0800"),
  fc.constantFrom("\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{10ffff}"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((text) => text.isWellFormed()),
);
const path = fc.array(unit, { maxLength: 5 }).map((units) => units.join(""));

test("any two paths compare as their bytes do", () => {
  fc.assert(
    fc.property(path, path, path, (prefix, a, b) => {
      const [one, two] = [prefix + a, prefix + b];
      expect(Math.sign(comparePaths(one, two))).toBe(Buffer.compare(Buffer.from(one), Buffer.from(two)));
    }),
    { numRuns: 10_000 },
  );
});
