/**
 * `bun run drill:fire [name…] [--minutes N]`: makes misfortunes happen to a real server, and writes what came of them
 * into docs/reliability.md. Needs root on Linux, and bindfs and faketime for two of the drills.
 */
import { join } from "node:path";
import { COMMAND } from "../../tests/harness/craned.ts";
import { succeed } from "../../tests/harness/programs.ts";
import type { FireCase } from "./case.ts";
import { cases as certificates } from "./certificates.ts";
import { cases as clock } from "./clock.ts";
import { cases as connections } from "./connections.ts";
import { cases as dataDirectory } from "./data-directory.ts";
import { cases as killed } from "./killed.ts";
import { cases as log } from "./log.ts";
import { lineOf, machine, withLines } from "./page.ts";
import { cases as slow } from "./slow-clients.ts";
import { soakFor } from "./soak.ts";
import { cases as stopping } from "./stopping.ts";

const DEFAULT_MINUTES = 10;
const PAGE = join(import.meta.dir, "../../docs/reliability.md");

const args = process.argv.slice(2);
const option = args.indexOf("--minutes");
const minutes = option === -1 ? DEFAULT_MINUTES : Number(args[option + 1]);
const wanted = option === -1 ? args : args.toSpliced(option, 2);
const all: readonly FireCase[] = [
  soakFor(minutes),
  ...killed,
  ...stopping,
  ...certificates,
  ...dataDirectory,
  ...clock,
  ...log,
  ...connections,
  ...slow,
];
const names = all.map(({ name }) => name);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0 || !(minutes > 0)) {
  console.error(`usage: bun run drill:fire [name…] [--minutes N]\nnames: ${names.join(", ")}`);
  process.exit(2);
}

const day = new Date().toISOString().slice(0, 10);
const lines: string[] = [];
for (const drill of all.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const outcome = await drill.run().catch((error: unknown) => ({ held: false, figure: `not run: ${error}` }));
  const line = lineOf({ drill, ...outcome }, day);
  console.log(line);
  lines.push(line);
  if (!outcome.held) process.exitCode = 1;
}
const about = machine((await succeed([...COMMAND, "version"])).trim());
await Bun.write(PAGE, withLines(await Bun.file(PAGE).text(), about, lines, names));
process.exit();
