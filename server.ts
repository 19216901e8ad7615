#!/usr/bin/env bun
/** The program: the process that it runs in, handed to the command line. */
import { run } from "./lib/cli/program.ts";

const write = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(text);

const code = await run(process.argv.slice(2), {
  environment: process.env,
  print: write(process.stdout),
  complain: write(process.stderr),
  isTerminal: process.stderr.isTTY === true,
});
process.exit(code);
