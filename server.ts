#!/usr/bin/env bun
/** The program: the process that it runs in, handed to the command line. */
import { takesColors } from "./lib/cli/colors.ts";
import { run } from "./lib/cli/program.ts";

/** Streams whose reader is gone. */
const broken = new Set<NodeJS.WriteStream>();
for (const stream of [process.stdout, process.stderr]) {
  // Without a listener it would end the process: a server goes on when its log has no reader any more.
  stream.on("error", () => broken.add(stream));
}

const write = (stream: NodeJS.WriteStream) => (text: string, taken?: () => void) => {
  if (broken.has(stream)) taken?.();
  else stream.write(text, () => taken?.());
};

/** Text written into a pipe may still be in transit, and would be lost with the process. */
const arrives = (stream: NodeJS.WriteStream) =>
  new Promise<boolean>((resolve) => {
    if (broken.has(stream)) return resolve(false);
    stream.once("error", () => resolve(false));
    stream.end(() => resolve(true));
  });

const code = await run(process.argv.slice(2), {
  environment: process.env,
  print: write(process.stdout),
  complain: write(process.stderr),
  isTerminal: process.stderr.isTTY === true,
  colors: {
    print: takesColors(process.stdout.isTTY === true, process.env),
    complain: takesColors(process.stderr.isTTY === true, process.env),
  },
});
// Results that did not arrive are a failure; a log that did not is none.
const [resultsArrived] = await Promise.all([arrives(process.stdout), arrives(process.stderr)]);
process.exit(resultsArrived ? code : code || 1);
