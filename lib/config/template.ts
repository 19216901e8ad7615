import { MIRROR_LINES, MIRROR_SECTION } from "./mirror.ts";
import { ALL_SETTINGS, SECTIONS, SETTINGS, sectionOf } from "./schema.ts";
import type { Setting } from "./setting.ts";

function entry({ name, description, expected, fallback }: Setting<unknown>, value: string | undefined): string {
  const key = name.slice(name.indexOf(".") + 1);
  const usual = fallback.kind === "value" ? fallback.text : "";
  const otherwise = fallback.kind === "value" ? "" : `; without it: ${fallback.meaning}`;
  const line = value === undefined ? `#${key}: ${usual}`.trimEnd() : `${key}: ${value}`;
  return `# ${description}.\n# Expects ${expected}${otherwise}.\n${line}`;
}

/** A configuration file in which every setting is explained, and all but the data directory have their default. */
export const configurationTemplate = (dataDir: string): string =>
  `${[
    "# Configuration of craned. A line that begins with # is a comment; settings in comments show the default.\n" +
      "# craned check reports all faults of this file and of the redirect files.",
    ...SECTIONS.map(({ name, description }) =>
      [
        `# ${description}.\n[${name}]`,
        ...(name === MIRROR_SECTION ? [`# ${MIRROR_LINES}\n#docker.io: hub/`] : []),
        ...ALL_SETTINGS.filter((setting) => sectionOf(setting) === name).map((setting) =>
          entry(setting, setting.name === SETTINGS.general.dataDir.name ? dataDir : undefined),
        ),
      ].join("\n\n"),
    ),
  ].join("\n\n")}\n`;
