import { Argument, Command, CommanderError } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { description, version } from "../../package.json" with { type: "json" };
import { SECTIONS } from "../config/schema.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { describeCheckContent } from "./check-content.ts";
import { paint, withColors } from "./colors.ts";
import { completionScript, SHELLS } from "./completion.ts";
import { describePublish } from "./publish-flags.ts";
import { describeServe, serve } from "./serve.ts";
import { addSettings } from "./settings.ts";

const ALL_SECTIONS = SECTIONS.map(({ name }) => name);

const SERVE_HELP = `
Every setting can also be given in the file, as key: value in its [section], or in the environment as
CRANE_<SECTION>_<KEY>. A flag overrides the environment, the environment the file, and the file the default.

With paths, image layouts are served as they are, read-only, and their changes are followed: OCI image layouts, archives
of them (docker save since Docker 25, skopeo copy … oci-archive:file), or directories of both. Names and tags come from
their annotations; in a directory, a layout without a name is named after its path.

Signals: SIGHUP reloads changed redirect files at once; SIGTERM and SIGINT finish open requests, then exit 0.

Examples:
  craned serve --data-dir ./metadata --port 5000
  docker save team/app:1.0 > app.tar && craned serve app.tar
  skopeo copy docker://alpine:3.20 oci:alpine:3.20 && craned serve alpine --name alpine
  CRANE_GENERAL_DATA_DIR=/srv/metadata craned
  craned serve -c /etc/crane.conf --log-access
`;

const RESOLVE_HELP = `
A registry's host in front of the name is ignored. With --json: {"host", "name", "reference", "accept", "v2", "v1"},
where v2 and v1 have "file" and "version" of the redirect file, if there is one, and "found". Found: "rule", "url" (absent
where craned sends the manifest itself) and, in version 6, "manifest" {"mediaType", "digest", "size"}. Not found: "error",
"reason" and "types", the media types that the tag has. Exit 1 if neither API has the name.

Examples:
  craned resolve --data-dir ./metadata team/app:1.0
  craned resolve localhost:5000/team/app@sha256:…
`;

const COMPLETION_HELP = `
Examples:
  source <(craned completion bash)
  craned completion zsh > ~/.zfunc/_craned
  craned completion fish > ~/.config/fish/completions/craned.fish
`;

const PROGRAM_HELP = `
A redirect file describes one repository: its name, its tags and where its content is. craned reads a directory of
redirect files, follows their changes, and redirects clients of the Docker Registry APIs v1 and v2 to the content.

Start here:
  craned demo                              try out a registry with tiny images
  craned init                              write a configuration and an empty data directory
  craned check --data-dir ./metadata       find what is wrong with redirect files
  craned serve --data-dir ./metadata       serve them
  craned resolve library/app:1.0           show where a client is redirected, and why

Exit codes: 0 success, 1 failure or faults found, 2 wrong usage, or only a part of a source was published.
`;

/**
 * Describes the command line. Commands are loaded when they run, since the server has to start fast.
 *
 * @param finish receives the exit code of the command that ran
 */
export function createProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command("craned");
  program
    .description(description)
    .version(`craned ${version}`, "-V, --version", "Show the version")
    .helpOption("-h, --help", "Show help")
    .helpCommand("help [command]", "Show help for a command")
    .showHelpAfterError("(craned --help shows the usage)")
    .configureOutput({
      writeOut: terminal.print,
      writeErr: terminal.complain,
      getOutHasColors: () => terminal.colors.print,
      getErrHasColors: () => terminal.colors.complain,
    })
    .configureHelp({
      styleTitle: (title) => paint("bold", title),
      styleCommandText: (text) => paint("cyan", text),
      styleSubcommandText: (text) => paint("cyan", text),
      styleOptionText: (text) => paint("cyan", text),
      styleArgumentText: (text) => paint("cyan", text),
    })
    .exitOverride()
    .addHelpText("after", PROGRAM_HELP);
  addSettings(describeServe(program.command("serve", { isDefault: true })), ALL_SECTIONS)
    .addHelpText("after", SERVE_HELP)
    .action(async (paths, options) => finish(await serve(paths, options, terminal)));
  describeCheckContent(addSettings(program.command("check"), ALL_SECTIONS))
    .description("Find all faults of the configuration and the redirect files; exit 1 if there are any")
    .action(async (options) => finish(await (await import("./check.ts")).check(options, terminal)));
  addSettings(program.command("resolve"), ["general", "s3"])
    .description("Show where a client that asks for a name is redirected: file, rule and URL, or why not")
    .argument("<name>", "<name>, <name>:<tag> or <name>@<digest>; the default tag is latest")
    .option("--accept <types>", "The client's Accept header (default: all types that current clients accept)")
    .option("--json", "Print JSON")
    .addHelpText("after", RESOLVE_HELP)
    .action(async (name, options) => finish(await (await import("./resolve.ts")).resolve(name, options, terminal)));
  program
    .command("init")
    .description("Write a configuration that explains every setting, and make an empty data directory")
    .argument("[directory]", "Where to", ".")
    .action(async (directory) => finish((await import("./init.ts")).init(directory, terminal)));
  addSettings(program.command("openapi"), ALL_SECTIONS)
    .description("Print the OpenAPI document of a server with this configuration, the same as /openapi.json")
    .action(async (options) => finish(await (await import("./openapi.ts")).openapi(options, terminal)));
  program
    .command("schema")
    .description("Print the JSON Schema of redirect files, for editors and validators")
    .action(async () => finish((await import("./schema.ts")).schema(terminal)));
  describePublish(program.command("publish")).action(async (source, options) =>
    finish(await (await import("./publish.ts")).publish(source, options, terminal)),
  );
  addSettings(program.command("healthcheck"), ["server", "management"])
    .description("Ask the server that runs with this configuration whether it is ready; exit 1 if it is not")
    .action(async (options) => finish(await (await import("./healthcheck.ts")).healthcheck(options, terminal)));
  program
    .command("demo")
    .description("Serve an embedded registry with tiny images and their blobs")
    .option("--host <address>", "Address to listen on", "127.0.0.1")
    .option("--port <port>", "Port to listen on; 0 takes a free one", "5000")
    .action(async (options) => finish(await (await import("./demo.ts")).demo(options, terminal)));
  program
    .command("completion")
    .description("Print a script that completes commands and flags in a shell")
    .addArgument(new Argument("<shell>", "The shell").choices(SHELLS))
    .action((shell) => terminal.print(completionScript(shell, program)))
    .addHelpText("after", COMPLETION_HELP);
  program
    .command("version")
    .description("Show the version")
    .action(() => terminal.print(`craned ${version}\n`));
  return program;
}

/** The most letters that a typing error gets wrong. */
const MAX_DISTANCE = 3;

/** Refuses a first word that is no command, which the default command would take for an argument of its own. */
function refuseUnknownCommand(program: Command, [word]: readonly string[]): void {
  const names = [...program.commands.map((command) => command.name()), "help"];
  if (word === undefined || word.startsWith("-") || names.includes(word)) return;
  const near = closest(word, names);
  const hint = distance(word, near) <= MAX_DISTANCE ? ` (Did you mean ${near}?)` : "";
  program.error(`error: unknown command '${word}'${hint}`, { exitCode: EXIT.usage });
}

/** Runs one command line. @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    const program = createProgram(withColors(terminal), (each) => {
      code = each;
    });
    refuseUnknownCommand(program, args);
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}
