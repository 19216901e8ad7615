/** Runs a client's program, for so long and no longer. */
import { whereIs } from "../../tests/harness/programs.ts";

/** A client that takes longer than this hangs, over bytes that are on this machine. */
const PATIENCE = 60_000;

/** Runs a program that has to succeed. Resolves with its output, rejects with its error message. */
export type Tool = (...args: readonly string[]) => Promise<string>;

const BESIDE_THE_POINT = /^(Usage:|info:|WARNING!|Please check|.*level=WARN)/;

/** Reduces an error message to its last lines, without colours, times, warnings and advice. */
function complaintOf(err: string, out: string): string {
  const text = Bun.stripANSI(err.trim() === "" ? out : err);
  const lines = text.split("\n").map((line) =>
    line
      .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, "")
      .replace(/^time="[^"]*" level=(\w+) msg=/, "$1: ")
      .trim(),
  );
  return lines
    .filter((line) => line !== "" && !BESIDE_THE_POINT.test(line))
    .slice(-2)
    .join(" ");
}

/**
 * Makes a function that runs a program, isolated from the configuration of the machine.
 *
 * @param home a directory of its own, where it finds and leaves its things
 * @param leading arguments that come first in each call
 */
export function toolIn(
  home: string,
  [program = "", ...leading]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Tool {
  const path = whereIs(program) ?? program;
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_RUNTIME_DIR: home, LC_ALL: "C.UTF-8", ...environment };
  return async (...args) => {
    const child = Bun.spawn([path, ...leading, ...args], {
      cwd: home,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: PATIENCE,
      killSignal: "SIGKILL",
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (child.signalCode === "SIGKILL") throw new Error(`not done in ${PATIENCE / 1000} s`);
    if (code !== 0) throw new Error(complaintOf(err, out) || `ended with ${code}, and said nothing`);
    return out;
  };
}
