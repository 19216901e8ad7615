/** The page of the benchmarks, its plots and the figures that they are drawn from. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plotsOf } from "../../bench/plots.ts";
import { readResults } from "../../bench/results.ts";
import { textOf } from "./commands.ts";

const DIRECTORY = join(import.meta.dir, "../../docs/plots");

test("there are plots, and each is drawn from the figures that were kept", () => {
  const plots = plotsOf(readResults());
  expect([...plots.keys()].sort()).toEqual(["latency.svg", "load.svg", "references.svg", "throughput.svg"]);
  expect(readdirSync(DIRECTORY).sort()).toEqual([...plots.keys()].sort());
  for (const [name, svg] of plots) expect(readFileSync(join(DIRECTORY, name), "utf8")).toBe(svg);
});

test("the page shows every plot, with words for those who can't see it", () => {
  const shown = [...textOf("docs/benchmarks.md").matchAll(/!\[([^\]]{20,})\]\(plots\/([^)]+)\)/g)];
  expect(shown.map(([, , name = ""]) => name).sort()).toEqual(readdirSync(DIRECTORY).sort());
});

test("every place for figures in the page has some", () => {
  const [, ...places] = textOf("docs/benchmarks.md").split(/<!-- (?=\w+:begin -->)/);
  const filled = places.map((place) => /^(\w+):begin -->\s*(\S.*?)<!-- \1:end -->/s.exec(place)?.[1]);
  expect(filled).toContain("redirects");
  expect(filled).not.toContain(undefined);
});
