import { Command, CommanderError } from "commander";
import { description, version } from "../../package.json" with { type: "json" };
import { SECTIONS } from "../config/schema.ts";
import { check } from "./check.ts";
import { describeCheckContent } from "./check-content.ts";
import { demo } from "./demo.ts";
import { healthcheck } from "./healthcheck.ts";
import { openapi } from "./openapi.ts";
import { describePublish, publish } from "./publish.ts";
import { resolve } from "./resolve.ts";
import { serve } from "./serve.ts";
import { addSettings } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

const ALL_SECTIONS = SECTIONS.map(({ name }) => name);

const SERVE_HELP = `
Every setting can also be given in the file, as key: value in its [section], or in the environment as
CRANE_<SECTION>_<KEY>. A flag goes before the environment, that before the file, that before the default.

Signals: SIGHUP looks for changed redirect files at once, SIGTERM and SIGINT let requests under way finish and exit 0.

Examples:
  craned serve --data-dir ./metadata --port 5000
  CRANE_GENERAL_DATA_DIR=/srv/metadata craned
  craned serve -c /etc/crane.conf --log-access
`;

const PROGRAM_HELP = `
A redirect file tells all about one repository: its name, where its content is, which tags it has. craned reads a
directory of them, follows their changes, and sends clients of the Docker Registry APIs v1 and v2 to the content.

Start here:
  craned demo                              a registry with tiny images in it, to try out
  craned check --data-dir ./metadata       what is wrong with these files?
  craned serve --data-dir ./metadata       serve them
  craned resolve library/app:1.0           where would a client be sent, and why?

Exit codes: 0 done, 1 failed or something is wrong, 2 the command line is not understood, or
only a part of a source could be published.
`;

/** @param finish told the exit code of the command that ran */
function createProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command("craned");
  program
    .description(description)
    .version(`craned ${version}`, "-V, --version", "Say which version this is")
    .helpOption("-h, --help", "Say how this is used")
    .helpCommand("help [command]", "Say how a command is used")
    .showHelpAfterError("(craned --help says how it is used)")
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.complain })
    .exitOverride()
    .addHelpText("after", PROGRAM_HELP);
  addSettings(program.command("serve", { isDefault: true }), ALL_SECTIONS)
    .description("Serve the redirect files of a directory (this is what craned does without a command)")
    .addHelpText("after", SERVE_HELP)
    .action(async (options) => finish(await serve(options, terminal)));
  describeCheckContent(addSettings(program.command("check"), ["general", "s3"]))
    .description("Name every fault of the configuration and the redirect files; exit 1 if there are any")
    .action(async (options) => finish(await check(options, terminal)));
  addSettings(program.command("resolve"), ["general", "s3"])
    .description("Say where a client that asks for a name is sent: which file, which rule, which URL, or why not")
    .argument("<name>", "<name>, <name>:<tag> or <name>@<digest>; the tag is latest where there is none")
    .option("--accept <types>", "The client's Accept header (default: all that clients of today take)")
    .action(async (name, options) => finish(await resolve(name, options, terminal)));
  addSettings(program.command("openapi"), ALL_SECTIONS)
    .description("Print the OpenAPI document of a server with this configuration, which has it at /openapi.json")
    .action((options) => finish(openapi(options, terminal)));
  describePublish(program.command("publish")).action(async (source, options) =>
    finish(await publish(source, options, terminal)),
  );
  addSettings(program.command("healthcheck"), ["server"])
    .description("Ask the server that runs with this configuration whether it is ready; exit 1 if it is not")
    .action(async (options) => finish(await healthcheck(options, terminal)));
  program
    .command("demo")
    .description("Serve an embedded registry with tiny images, blobs and all")
    .option("--host <address>", "Address to listen on", "127.0.0.1")
    .option("--port <port>", "Port to listen on; 0 takes a free one", "5000")
    .action(async (options) => finish(await demo(options, terminal)));
  program
    .command("version")
    .description("Say which version this is")
    .action(() => terminal.print(`craned ${version}\n`));
  return program;
}

/** Runs one command line. @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    await createProgram(terminal, (each) => {
      code = each;
    }).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}
