/**
 * `bun run bench [part…]`: measures, prints tables, and writes each between its markers in docs/benchmarks.md.
 * Needs dist/craned, and what bench/install.sh installs; contestants that are missing are left out, with a word.
 */
import { describeMachine } from "./machine.ts";
import { PARTS } from "./parts.ts";
import { writeBetweenMarkers } from "./report.ts";

const wanted = process.argv.slice(2);
const names = PARTS.map(([name]) => name);
const unknown = wanted.filter((each) => !names.includes(each));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(", ")}; there are ${names.join(", ")}`);
  process.exit(1);
}
const NEEDED = ["dist/craned", "taskset", "wrk", "nginx", "curl", "skopeo"];
const lacking = NEEDED.filter((program) => Bun.which(program) === null);
if (lacking.length > 0) {
  console.error(`${lacking.join(", ")}: not there; see bench/install.sh, and \`bun run build\``);
  process.exit(1);
}
const began = performance.now();
writeBetweenMarkers("machine", await describeMachine());
for (const [name, measure] of PARTS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const lines = await measure();
  console.log(`\n## ${name}\n\n${lines.join("\n")}`);
  writeBetweenMarkers(name, lines);
}
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
