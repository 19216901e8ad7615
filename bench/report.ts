/** docs/benchmarks.md: tables between markers, which the benchmark writes, and prose around them, which it leaves. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENT = join(import.meta.dir, "../docs/benchmarks.md");

/** Puts lines in place of what stands between `<!-- name:begin -->` and `<!-- name:end -->`, if the document has these. */
export function writeBetweenMarkers(name: string, lines: readonly string[]): void {
  const text = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    console.error(`docs/benchmarks.md has no place for ${name}: ${begin} and ${end}`);
    return;
  }
  const today = new Date().toISOString().slice(0, 10);
  const short = process.env["BENCH_SECONDS"] === undefined ? "" : ", in short rounds: provisional";
  const block = [begin, "", ...lines, "", `Measured ${today}${short}.`, "", end].join("\n");
  writeFileSync(DOCUMENT, text.slice(0, from) + block + text.slice(to + end.length));
}
