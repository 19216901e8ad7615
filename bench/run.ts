/** `bun run bench`: prints the tables of docs/benchmarks.md. Needs nginx and wrk, and dist/craned. */
import { measureContent } from "./content.ts";
import { measureMemory } from "./memory.ts";
import { measurePublish } from "./publish.ts";
import { measureRedirects } from "./redirects.ts";
import { measureScale } from "./scale.ts";
import { measureStart } from "./start.ts";

const wanted = process.argv.slice(2);
const wants = (part: string): boolean => wanted.length === 0 || wanted.includes(part);
const print = (title: string, lines: readonly string[]): void => console.log(`\n## ${title}\n\n${lines.join("\n")}`);

const versions = [
  `Bun ${Bun.version}`,
  (await Bun.$`nginx -v 2>&1`.text()).trim(),
  (await Bun.$`wrk -v 2>&1 | head -1`.nothrow().text()).trim(),
];
console.log(versions.join("; "));
if (wants("start")) print("Start", await measureStart());
if (wants("redirects")) print("Manifest redirects, 1,000 repositories, one core", await measureRedirects());
if (wants("scale"))
  print(
    "Files",
    await measureScale([
      [10, 10],
      [1000, 10],
      [100_000, 5],
    ]),
  );
if (wants("memory"))
  print(
    "Memory",
    await measureMemory([
      [10, 5000],
      [1000, 500],
      [100_000, 5],
    ]),
  );
if (wants("publish")) print("Publishing", await measurePublish());
if (wants("content")) print("Content from disk", await measureContent());
