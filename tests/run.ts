/** `bun run test [FILE...]`: runs the tests, prints a line as each file is done, and failures in full as they occur. */
import { spawn } from "bun";

const given = process.argv.slice(2);
const runner = spawn([process.execPath, "test", "--timeout", "60000", ...(given.length > 0 ? given : ["tests"])], {
  stdin: "inherit",
  stdout: "inherit",
  stderr: "pipe",
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => runner.kill(signal));

interface FileInProgress {
  readonly path: string;
  readonly startedAt: number;
  passed: number;
}

let current: FileInProgress | undefined;
/** Empty lines are kept within a failure only. */
let isInFailure = false;

const write = (line: string) => process.stderr.write(`${line}\n`);

function finish(): void {
  if (current === undefined) return;
  const seconds = ((performance.now() - current.startedAt) / 1000).toFixed(1);
  write(`${current.path}: ${current.passed} passed in ${seconds} s`);
  current = undefined;
}

function report(line: string): void {
  const path = /^(\S+\.test\.ts):$/.exec(line)?.[1];
  // Closing lines of the runner follow the last file.
  if (path !== undefined || /^\d+ tests? (?:failed|skipped|todo):$|^ *\d+ pass$/.test(line)) finish();
  if (path !== undefined) {
    current = { path, startedAt: performance.now(), passed: 0 };
    isInFailure = false;
  } else if (line.startsWith("(pass) ") && current !== undefined) {
    current.passed++;
    isInFailure = false;
  } else if (line !== "" || isInFailure) {
    write(line);
    isInFailure = !line.startsWith("(");
  }
}

let rest = "";
for await (const text of runner.stderr.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) report(line);
}
report(rest);
process.exitCode = await runner.exited;
