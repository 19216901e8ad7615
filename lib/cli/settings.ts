import { type Command, Option } from "commander";
import type { Config } from "../config/config.ts";
import { boolean } from "../config/kinds.ts";
import { DEFAULT_CONFIG_PATH, type LoadedConfig, loadConfig } from "../config/load.ts";
import { describeProblem } from "../config/problem.ts";
import { readTextFile } from "../config/reading.ts";
import { ALL_SETTINGS, flagOf, REMOVED_SETTINGS, SECTIONS, sectionOf } from "../config/schema.ts";
import type { Setting } from "../config/setting.ts";
import type { Terminal } from "../terminal.ts";

type Options = Readonly<Record<string, unknown>>;

const isSwitch = ({ expected }: Setting<unknown>): boolean => expected === boolean.expected;

function optionOf(setting: Setting<unknown>): Option {
  const { fallback, description } = setting;
  const usual = fallback.kind === "value" ? fallback.text || "none" : fallback.meaning;
  const value = isSwitch(setting) ? "[yes or no]" : "<value>";
  const option = new Option(`${flagOf(setting)} ${value}`, `${description} (default: ${usual})`);
  // For help and completion; the configuration says what it expected.
  if (setting.choices.length > 0) option.argChoices = [...setting.choices];
  return option;
}

/** The hidden flag of a removed setting, which is refused with what to use instead. */
const removedOptionOf = (name: string): Option => new Option(`${flagOf({ name })} [value]`).hideHelp();

/** Gives a command a flag for the configuration file and one for every setting of these sections. */
export function addSettings(command: Command, sections: readonly string[]): Command {
  command.option("-c, --config <file>", `Configuration file (default: ${DEFAULT_CONFIG_PATH}, if there is one)`);
  for (const { name, description } of SECTIONS) {
    if (!sections.includes(name)) continue;
    command.optionsGroup(`${description}:`);
    for (const setting of ALL_SETTINGS.filter((each) => sectionOf(each) === name)) {
      command.addOption(optionOf(setting));
    }
  }
  for (const name of REMOVED_SETTINGS.keys()) command.addOption(removedOptionOf(name));
  return command;
}

/** Reads the configuration with what the command line says on top. */
export function readConfig(options: Options, terminal: Terminal): LoadedConfig {
  const flags: Record<string, string> = {};
  const named = [
    ...ALL_SETTINGS.map((each) => [each.name, optionOf(each)] as const),
    ...[...REMOVED_SETTINGS.keys()].map((name) => [name, removedOptionOf(name)] as const),
  ];
  for (const [name, option] of named) {
    const value = options[option.attributeName()];
    if (typeof value === "string") flags[name] = value;
    else if (value === true) flags[name] = "yes";
  }
  const configPath = options["config"];
  return loadConfig({
    flags,
    configPath: typeof configPath === "string" ? configPath : undefined,
    environment: terminal.environment,
    readFile: readTextFile,
  });
}

/** @returns the configuration, or undefined after saying all that is wrong with it */
export function configOrComplaint(options: Options, terminal: Terminal): Config | undefined {
  const loaded = readConfig(options, terminal);
  for (const warning of loaded.warnings) terminal.complain(`warning: ${describeProblem(warning)}\n`);
  if (loaded.ok) return loaded.config;
  for (const problem of loaded.problems) terminal.complain(`error: ${describeProblem(problem)}\n`);
  return undefined;
}
