/** The page of the benchmarks. */
import { expect, test } from "bun:test";
import { PARTS } from "../../bench/parts.ts";
import { textOf } from "./commands.ts";

test("the page has the figures of every part of the benchmark, and of nothing else", () => {
  const [, ...places] = textOf("docs/benchmarks.md").split(/<!-- (?=\w+:begin -->)/);
  const figures = new Map(
    places.map((place) => [/^\w+/.exec(place)?.[0], /^(\w+):begin -->\s*(\S.*?)<!-- \1:end -->/s.exec(place)?.[2]]),
  );
  expect([...figures.keys()].sort()).toEqual(["machine", ...PARTS.map(([name]) => name)].sort());
  expect([...figures.values()]).not.toContain(undefined);
});
