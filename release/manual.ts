/** The manual: pages of the commands from the program's own help, and one of the configuration from its settings. */
import type { EventEmitter } from "node:events";
import type { Command } from "commander";
import { createProgram } from "../lib/cli/program.ts";
import { MIRROR_LINES, MIRROR_SECTION } from "../lib/config/mirror.ts";
import { ALL_SETTINGS, flagOf, SECTIONS, sectionOf, variableOf } from "../lib/config/schema.ts";
import type { Setting } from "../lib/config/setting.ts";
import { version } from "../package.json" with { type: "json" };

const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/gm, "\\&");

const section = (title: string, body: string): string => `.SH ${title}\n${body}`;

/** A term and its meaning. */
const item = (term: string, meaning: string): string => `.TP\n.B ${escaped(term)}\n${escaped(meaning)}\n`;

const page = (name: string, chapter: number, summary: string, sections: readonly string[]): string =>
  [
    `.TH ${escaped(name.toUpperCase())} ${chapter} "" "craned ${version}"\n`,
    section("NAME", `${escaped(name)} \\- ${escaped(summary)}\n`),
    ...sections,
  ].join("");

/** Renders help in the form of its blocks: lines that are indented stay as they are, others are filled. */
function helpText(text: string): string {
  const blocks = text.trim().split(/\n{2,}/);
  return blocks
    .map((block) => {
      const lines = block.split("\n");
      const filled = lines.filter((line) => !line.startsWith(" "));
      const kept = lines.filter((line) => line.startsWith(" "));
      const isTitle = lines.length > 1 && filled.length === 1 && filled[0] === "Examples:";
      return [
        ...(isTitle ? [".SH EXAMPLES"] : filled.length === 0 ? [] : [".PP", escaped(filled.join("\n"))]),
        ...(kept.length === 0 ? [] : [...(isTitle ? [] : [".PP"]), ".nf", escaped(kept.join("\n")), ".fi"]),
      ].join("\n");
    })
    .join("\n")
    .replace(/^\.PP\n/, "")
    .concat("\n");
}

/** A section of its own, unless it begins with one. */
const notes = (text: string): string => (text.startsWith(".SH") ? text : section("NOTES", text));

/** What a command's help has below its flags. */
function textBelow(command: Command): string {
  let text = "";
  // It is one, which its types leave out.
  (command as unknown as EventEmitter).emit("afterHelp", {
    error: false,
    command,
    write: (each: string) => (text += each),
  });
  return text;
}

function commandPage(program: Command, command: Command): string {
  const help = program.createHelp();
  const isProgram = command === program;
  const options = help
    .visibleOptions(command)
    .map((option) => item(help.optionTerm(option), help.optionDescription(option)));
  const commands = help
    .visibleCommands(command)
    .map((each) => item(help.subcommandTerm(each), help.subcommandDescription(each)));
  const names = help
    .visibleArguments(command)
    .map((each) => item(help.argumentTerm(each), help.argumentDescription(each)));
  const below = textBelow(command);
  return page(isProgram ? "craned" : `craned-${command.name()}`, 1, command.description(), [
    section("SYNOPSIS", `.B ${escaped(help.commandUsage(command))}\n`),
    section("DESCRIPTION", `${escaped(command.description())}.\n`.replace("..", ".")),
    ...(names.length === 0 ? [] : [section("ARGUMENTS", names.join(""))]),
    ...(commands.length === 0 ? [] : [section("COMMANDS", commands.join(""))]),
    section("OPTIONS", options.join("")),
    ...(below === "" ? [] : [notes(helpText(below))]),
    section("SEE ALSO", isProgram ? ".BR crane.conf (5)\n" : ".BR craned (1),\n.BR crane.conf (5)\n"),
  ]);
}

function settingItem(setting: Setting<unknown>): string {
  const { name, description, expected, fallback } = setting;
  const usual = fallback.kind === "value" ? fallback.text || "none" : fallback.meaning;
  const elsewhere = `Flag ${flagOf(setting)}, environment ${variableOf(setting)}.`;
  return item(
    name.slice(name.indexOf(".") + 1),
    `${description}. Expects ${expected}. Default: ${usual}. ${elsewhere}`,
  );
}

const CONFIGURATION = `The file is /etc/crane.conf, or the one that --config or CRANE_CONFIG_PATH names. It has sections in brackets, and in
them lines of the form key: value. A line that begins with # is a comment. A flag overrides the environment, the
environment the file, and the file the default. craned check reports all faults of the file with their lines;
craned init writes a file that explains every setting.
`;

const configurationPage = (): string =>
  page("crane.conf", 5, "configuration of craned", [
    section("DESCRIPTION", escaped(CONFIGURATION)),
    ...SECTIONS.map(({ name, description }) => {
      const settings = ALL_SETTINGS.filter((setting) => sectionOf(setting) === name);
      const lines = name === MIRROR_SECTION ? `.PP\n${escaped(MIRROR_LINES)}\n` : "";
      return section(`[${name}]`, `${escaped(description)}.\n${lines}${settings.map(settingItem).join("")}`);
    }),
    section("SEE ALSO", ".BR craned (1)\n"),
  ]);

const silent = () => {};

/** A program of which only the description is used. */
export const describedProgram = (): Command =>
  createProgram(
    { environment: {}, print: silent, complain: silent, isTerminal: false, colors: { print: false, complain: false } },
    silent,
  );

/** Every page of the manual, by the name of its file. */
export function manualPages(): ReadonlyMap<string, string> {
  const program = describedProgram();
  return new Map([
    ["craned.1", commandPage(program, program)],
    ...program.commands.map((command) => [`craned-${command.name()}.1`, commandPage(program, command)] as const),
    ["crane.conf.5", configurationPage()],
  ]);
}
