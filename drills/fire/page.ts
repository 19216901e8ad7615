/** The table of docs/reliability.md: rows of what was run now, and of what was not as they were. */
import { cpus, release, totalmem, type } from "node:os";
import type { FireCase, Outcome } from "./case.ts";

const BEGIN = "<!-- fire:begin -->";
const END = "<!-- fire:end -->";
const HEADING = ["| drill | what happens, and what has to hold | held | figure | run |", "|---|---|---|---|---|"];

/** A drill and what it came to. */
export interface Row extends Outcome {
  readonly drill: FireCase;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ");

/** A line of the table. @param day as 2026-01-31 */
export const lineOf = ({ drill, held, figure }: Row, day: string): string =>
  `| \`${drill.name}\` | ${cell(drill.what)} | ${held ? "yes" : "**no**"} | ${cell(figure)} | ${day} |`;

/** What the figures depend on, in a line. */
export function machine(program: string): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${program}, Bun ${Bun.version}, ${type()} ${release().split("-")[0]}, ${cpus().length} × ${first?.model.trim()}, ${memory} GB.`;
}

const nameIn = (line: string): string | undefined => /^\| `([^`]+)` \|/.exec(line)?.[1];

/**
 * Puts rows into the page.
 *
 * @param lines of what was run now
 * @param names of all drills, in the order of the table; lines of others are dropped
 * @throws when the page has no place for them
 */
export function withLines(page: string, about: string, lines: readonly string[], names: readonly string[]): string {
  const [before, rest] = page.split(BEGIN);
  const [former, after] = rest?.split(END) ?? [];
  if (before === undefined || former === undefined || after === undefined)
    throw new Error(`expected ${BEGIN} and ${END} in the page`);
  const byName = new Map([...former.split("\n"), ...lines].map((line) => [nameIn(line), line]));
  const table = names.map((name) => byName.get(name)).filter((line) => line !== undefined);
  return `${before}${BEGIN}\n${about}\n\n${[...HEADING, ...table].join("\n")}\n${END}${after}`;
}
