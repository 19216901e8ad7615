import { ALL_SETTINGS, flagOf, SECTIONS, sectionOf, variableOf } from "./schema.ts";
import type { Setting } from "./setting.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function usual({ fallback }: Setting<unknown>): string {
  if (fallback.kind === "absent") return cell(fallback.meaning);
  return fallback.text === "" ? "none" : `\`${cell(fallback.text)}\``;
}

function row(setting: Setting<unknown>): string {
  const key = setting.name.slice(setting.name.indexOf(".") + 1);
  const cells = [`\`${key}\``, cell(setting.description), cell(setting.expected), usual(setting)];
  return `| ${cells.join(" | ")} | \`${flagOf(setting)}\` |`;
}

function section({ name, description }: (typeof SECTIONS)[number]): string {
  const settings = ALL_SETTINGS.filter((setting) => sectionOf(setting) === name);
  return [
    `## [${name}]`,
    `${description}.`,
    ["| key | meaning | value | default | flag |", "|---|---|---|---|---|", ...settings.map(row)].join("\n"),
  ].join("\n\n");
}

/** The reference of the configuration, in Markdown: what the table of settings says and nothing else. */
export function configurationReference(): string {
  const example = ALL_SETTINGS[0];
  const variable = example === undefined ? "" : `\`${variableOf(example)}\` for \`${example.name}\``;
  return `${[
    "# Configuration",
    "Made from the program's own table of settings by `bun run docs`.",
    "A setting is taken from the first of these that has it: a flag, the environment, the file, the default.\n" +
      `The environment's variables are called \`CRANE_<SECTION>_<KEY>\`, as ${variable}.\n` +
      "The file is `/etc/crane.conf`, or what `--config` or `CRANE_CONFIG_PATH` names; `craned check` tells all that is\n" +
      "wrong with it, each with its line.",
    ...SECTIONS.map(section),
  ].join("\n\n")}\n`;
}
