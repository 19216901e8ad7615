import { MIRROR_SECTION } from "./mirror.ts";
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

const HEADING = ["| key | meaning | value | default | flag |", "|---|---|---|---|---|"];

const MIRROR = `The keys are hosts of registries, with a port where they have one, or \`*\` for all others; the values are prefixes
of names that end with a slash, or nothing. Only the file can have this section. Without keys, \`?ns=\` is ignored.

\`\`\`ini
[mirror]
docker.io = hub/
registry.example.com:5000 = example/
* =
\`\`\``;

function section({ name, description }: (typeof SECTIONS)[number]): string {
  const settings = ALL_SETTINGS.filter((setting) => sectionOf(setting) === name);
  return [
    `## [${name}]`,
    `${description}.`,
    ...(name === MIRROR_SECTION ? [MIRROR] : []),
    ...(settings.length === 0 ? [] : [[...HEADING, ...settings.map(row)].join("\n")]),
  ].join("\n\n");
}

/** The configuration reference in Markdown, from the table of settings. */
export function configurationReference(): string {
  const example = ALL_SETTINGS[0];
  const variable = example === undefined ? "" : `\`${variableOf(example)}\` for \`${example.name}\``;
  return `${[
    "# Configuration",
    "`bun run docs` generates this page from the program's table of settings.",
    "A flag overrides the environment, the environment the file, and the file the default. The variables of the\n" +
      `environment are named \`CRANE_<SECTION>_<KEY>\`, such as ${variable}. The file is \`/etc/crane.conf\`,\n` +
      "or the one that `--config` or `CRANE_CONFIG_PATH` names; `craned check` reports all of its faults with their lines.",
    ...SECTIONS.map(section),
  ].join("\n\n")}\n`;
}
