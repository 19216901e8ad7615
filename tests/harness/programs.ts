/** Runs programs, ours and others', and says when a test can't have one. */
import { afterAll, describe } from "bun:test";

/** What a program printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export async function run(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Ran> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

/** Runs a program that has to succeed, and tells what it printed. */
export async function succeed(command: readonly string[]): Promise<string> {
  const { code, out, err } = await run(command);
  if (code !== 0) throw new Error(`${command.join(" ")}\nended with ${code}:\n${err}`);
  return out;
}

/** Where a program is; servers are in directories that only root's PATH has. */
export const whereIs = (program: string): string | null =>
  Bun.which(program, { PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` });

/**
 * Groups tests that need programs of the machine. Where CI is set, a missing one is a failure; elsewhere the tests are
 * skipped, and their name says why.
 */
export function describeWith(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((program) => whereIs(program) === null);
  if (missing.length === 0) describe(name, tests);
  else if (process.env["CI"] === undefined) describe.skip(`${name} (skipped: no ${missing.join(", no ")} here)`, tests);
  else throw new Error(`${name}: CI has to install ${missing.join(" and ")}`);
}

/** Things to put away when the tests of a file have ended, the last first. */
export function leftovers(): (putAway: () => unknown) => void {
  const all: (() => unknown)[] = [];
  afterAll(async () => {
    for (const putAway of all.reverse()) await putAway();
  });
  return (putAway) => void all.push(putAway);
}
