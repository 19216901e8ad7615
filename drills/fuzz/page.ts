/** The table of docs/reliability.md that tells of the fuzzing. */
import type { Outcome } from "./requests.ts";

const BEGIN = "<!-- fuzz:begin -->";
const END = "<!-- fuzz:end -->";
const EMPTY_PAGE = `# Under fire\n\n${BEGIN}\n${END}\n`;

const megabytes = (bytes: number): string => String(Math.round(bytes / 1e6));

function memoryOf({ memory }: Outcome): string {
  return memory === undefined ? "–" : `${megabytes(memory[0])} → ${megabytes(memory[1])}`;
}

const rowOf = (outcome: Outcome): string =>
  `| ${[outcome.name, outcome.inputs.toLocaleString("en"), outcome.seconds.toFixed(1), memoryOf(outcome), outcome.findings.length].join(" | ")} |`;

/** A Markdown table, a row for each kind of input. */
export const tableOf = (outcomes: readonly Outcome[]): string =>
  [
    "| inputs | how many | seconds | resident memory, MB, after a fifth → at the end | findings |",
    "|---|---:|---:|---:|---:|",
    ...outcomes.map(rowOf),
  ].join("\n");

/** Puts the table into its place in a page. @param about what was run where, in a line */
export function withTable(page: string, about: string, outcomes: readonly Outcome[]): string {
  const whole = page.includes(BEGIN) && page.includes(END) ? page : EMPTY_PAGE;
  const from = whole.indexOf(BEGIN) + BEGIN.length;
  return `${whole.slice(0, from)}\n${about}\n\n${tableOf(outcomes)}\n${whole.slice(whole.indexOf(END))}`;
}
