/** The table of docs/reliability.md that tells of the fuzzing. */
import type { Outcome } from "../../tests/fuzz/requests/engine.ts";

const BEGIN = "<!-- fuzz:begin -->";
const END = "<!-- fuzz:end -->";
const PROSE = `## Fuzzing

\`bun run drill:fuzz\` makes up inputs: half of them well-formed, by the grammar of HTTP, of the registry, of redirect
files and of the configuration; the others mutated or bare bytes, pipelined, cut into packets, byte by byte. All that
comes back is read to the letter. Where the standards of HTTP and URLs leave a request one meaning, it is held to slow
twins of both and of the registry's rules, which share no code with the program: how many answers, which status, which
Location, which bytes. To all else the server may say what it likes, as long as it is whole, no fault of the program, no
page and no redirect to another place than the files name.

A finding is also: a 5xx; HTML where no page is, or a page with a piece of the request in it; a header that the program
does not know; an error in the log, or a line of it that is none; a connection that is silent for 20 seconds; a client
that comes in between and is not sent where it should be; 64 MB more memory at the end than after a fifth of the inputs
(96 MB where files are changed); a file descriptor that stays open; a repository that is not what its file says or was
when it was good last; anything thrown; a configuration that is neither taken nor told what is wrong with it.

What shows a finding is kept, with a hundred other inputs, in \`tests/fuzz/seeds\`; the tests try these each time, and
some tens of thousands of new ones. So far it has found, all mended:

- a percent sign in the Host header was a 500;
- the media type inside a manifest of version 6 was shown in the log with whatever characters it had;
- 120 KB of commas for an Accept header took 50 ms;
- a file that came and went within a millisecond around a SIGHUP stayed in error until the next poll.`;
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
  return `${whole.slice(0, from)}\n${PROSE}\n\n${about}\n\n${tableOf(outcomes)}\n${whole.slice(whole.indexOf(END))}`;
}
