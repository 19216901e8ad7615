/**
 * `bun run drill:fuzz [requests|redirect-files|configuration] [--seed N] [--count N]`: makes up inputs of each kind
 * without end, or a million requests, and says what was wrong with what came of them. What shows a finding is kept
 * among the seeds, which the tests try again for ever. All kinds together write their table into docs/reliability.md.
 */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzzCommands, fuzzConfigurations } from "../../tests/fuzz/configuration/engine.ts";
import { fuzzFiles } from "../../tests/fuzz/redirect-files/parser-engine.ts";
import { fuzzServedFiles } from "../../tests/fuzz/redirect-files/server-engine.ts";
import { fuzzRequests, type Outcome } from "../../tests/fuzz/requests/engine.ts";
import { COMMAND } from "../../tests/harness/craned.ts";
import { succeed } from "../../tests/harness/programs.ts";
import { tableOf, withTable } from "./page.ts";

type Kind = (count: number | undefined, seed: number) => Promise<readonly Outcome[]>;

/** By name; each also names the directory of its seeds. */
const KINDS: Readonly<Record<string, Kind>> = {
  requests: (count = 1_000_000, seed) => fuzzRequests(count, seed),
  "redirect-files": async (count = 300_000, seed) => [
    fuzzFiles(count, seed),
    await fuzzServedFiles(Math.ceil(count / 100), seed),
  ],
  configuration: async (count = 100_000, seed) => [
    fuzzConfigurations(count, seed),
    await fuzzCommands(Math.ceil(count / 300), seed),
  ],
};

const ROOT = join(import.meta.dir, "../..");
const USAGE = `usage: bun run drill:fuzz [${Object.keys(KINDS).join("|")}] [--seed N] [--count N]`;

function readCommandLine() {
  try {
    const options = { seed: { type: "string" }, count: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const count = values.count === undefined ? undefined : Number(values.count);
    const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
    const isKnown = positionals.length < 2 && positionals.every((name) => Object.hasOwn(KINDS, name));
    const isNumber = Number.isSafeInteger(seed) && (count === undefined || (Number.isSafeInteger(count) && count > 0));
    return isKnown && isNumber ? { only: positionals[0], count, seed } : undefined;
  } catch {
    return undefined;
  }
}

async function keep(kind: string, seed: number, { name, findings }: Outcome): Promise<void> {
  const directory = join(ROOT, "tests/fuzz/seeds", kind);
  mkdirSync(directory, { recursive: true });
  for (const [number, { what, input }] of findings.entries()) {
    console.log(`${name}: ${what}\n  ${JSON.stringify(input).slice(0, 1000)}`);
    if (input !== "") await Bun.write(join(directory, `found-${seed}-${number}`), Buffer.from(input, "latin1"));
  }
}

const commandLine = readCommandLine();
if (commandLine === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const { only, count, seed } = commandLine;
console.log(`--seed ${seed}`);
const outcomes: Outcome[] = [];
for (const [kind, fuzz] of Object.entries(KINDS)) {
  if (only !== undefined && only !== kind) continue;
  for (const outcome of await fuzz(count, seed)) {
    await keep(kind, seed, outcome);
    outcomes.push(outcome);
  }
}
console.log(tableOf(outcomes));
if (only === undefined && count === undefined) {
  const version = (await succeed([...COMMAND, "version"])).trim();
  const about = `${version}, Bun ${Bun.version}, ${availableParallelism()} processors, seed ${seed}, ${new Date().toISOString().slice(0, 10)}.`;
  const page = Bun.file(join(ROOT, "docs/reliability.md"));
  await Bun.write(page, withTable((await page.exists()) ? await page.text() : "", about, outcomes));
}
process.exit(outcomes.some(({ findings }) => findings.length > 0) ? 1 : 0);
