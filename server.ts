#!/usr/bin/env bun
/** The program: the process that it runs in, handed to the command line. */
import { run } from "./lib/cli/program.ts";

const write = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(text);

/** What was written into a pipe may still be on its way, and would be lost with the process. */
const arrives = (stream: NodeJS.WriteStream) =>
  new Promise<boolean>((resolve) => {
    stream.once("error", () => resolve(false));
    stream.end(() => resolve(true));
  });

const code = await run(process.argv.slice(2), {
  environment: process.env,
  print: write(process.stdout),
  complain: write(process.stderr),
  isTerminal: process.stderr.isTTY === true,
});
const arrived = await Promise.all([arrives(process.stdout), arrives(process.stderr)]);
process.exit(arrived.includes(false) ? code || 1 : code);
