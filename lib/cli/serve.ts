import { type Command, InvalidArgumentError } from "commander";
import { type GivenName, parseGivenName } from "../layouts/given-name.ts";
import type { LayoutPaths } from "../layouts/serving.ts";
import { openLogs } from "../server/logging.ts";
import { runServer } from "../server/run.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { configOrComplaint } from "./settings.ts";

/** Time for a reader of the log to take what is left at the end, in ms. */
const LAST_LINES_MILLISECONDS = 5000;

function parseName(text: string): GivenName {
  const given = parseGivenName(text);
  if (given === undefined)
    throw new InvalidArgumentError("Expected a repository name, such as team/app or team/app:1.0.");
  return given;
}

/** Gives the command its arguments and its own flags. */
export function describeServe(command: Command): Command {
  return command
    .description("Serve the redirect files of a directory, or image layouts as they are (the default command)")
    .argument("[path...]", "OCI image layouts, archives of docker save or skopeo, or directories of them")
    .optionsGroup("Image layouts:")
    .option("--name <name[:tag]>", "The name of images that their layout gives none", parseName);
}

function layoutsIn(paths: readonly string[], { name }: Readonly<Record<string, unknown>>): LayoutPaths | undefined {
  // The command line has read it.
  return paths.length === 0 ? undefined : { paths, given: name as GivenName | undefined };
}

/** `craned serve` */
export async function serve(
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const logging = openLogs(terminal, config);
  const code = await runServer(config, layoutsIn(paths, options), logging, terminal);
  // A server that is told to stop must not wait for a reader that has stopped to read.
  if (!(await logging.taken(LAST_LINES_MILLISECONDS))) process.exit(code);
  return code;
}
