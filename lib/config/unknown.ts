/** Warnings about names that mean nothing: most are slips of the pen. */
import type { Ini } from "./ini.ts";
import { editDistance, nearest } from "./nearest.ts";
import { type ConfigProblem, quote, type Source } from "./problem.ts";
import { ALL_SETTINGS, SECTIONS, sectionOf, variableOf } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** The longest name that is compared; what is longer is no slip of the pen. */
const MAX_COMPARED = 80;

const NAMES = new Set(ALL_SETTINGS.map(({ name }) => name));

const isKnownSection = (name: string): boolean => SECTIONS.some((section) => section.name === name);

function nearestSection(name: string): string {
  const compared = name.slice(0, MAX_COMPARED).toLowerCase();
  return nearest(SECTIONS, (section) => editDistance(section.name, compared))?.name ?? "";
}

/** The right key in the wrong section is as near as a key that is one letter off. */
function nearestSetting(section: string, key: string): Setting<unknown> | undefined {
  const compared = key.slice(0, MAX_COMPARED);
  return nearest(ALL_SETTINGS, (setting) => {
    const itsSection = sectionOf(setting);
    return editDistance(setting.name.slice(itsSection.length + 1), compared) + (itsSection === section ? 0 : 1);
  });
}

const unknownKey = (source: Source, section: string, key: string): ConfigProblem => ({
  source,
  key: `${section}.${key}`,
  expected: `a known key (the nearest is ${nearestSetting(section, key)?.name})`,
  received: quote(key),
});

/** Sections and keys of a file. What `[DEFAULT]` has may serve interpolation only, so nothing there is unknown. */
export function unknownInFile({ sections }: Ini, path: string): readonly ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  for (const [name, { line, entries }] of sections) {
    if (name === "DEFAULT") continue;
    if (!isKnownSection(name)) {
      const expected = `a known section (the nearest is ${nearestSection(name)})`;
      warnings.push({ source: { kind: "file", path, line }, expected, received: quote(name) });
      continue;
    }
    for (const [key, value] of entries) {
      if (NAMES.has(`${name}.${key}`)) continue;
      warnings.push(unknownKey({ kind: "file", path, line: value.line }, name, key));
    }
  }
  return warnings;
}

/**
 * Variables that name a key of a known section. No others: Kubernetes sets `CRANE_SERVICE_HOST` and the like for a
 * service called crane, and they are no slips of anybody's pen.
 */
export function unknownInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): readonly ConfigProblem[] {
  const known = new Set(ALL_SETTINGS.map(variableOf));
  const warnings: ConfigProblem[] = [];
  for (const variable of Object.keys(environment)) {
    if (known.has(variable) || environment[variable] === undefined) continue;
    const section = SECTIONS.find(({ name }) => variable.startsWith(`CRANE_${name.toUpperCase()}_`))?.name;
    if (section === undefined) continue;
    const key = variable.slice(`CRANE_${section}_`.length).toLowerCase();
    const setting = nearestSetting(section, key);
    const expected = `a known variable (the nearest is ${setting === undefined ? "" : variableOf(setting)})`;
    warnings.push({
      source: { kind: "environment", name: variable },
      key: `${section}.${key}`,
      expected,
      received: quote(variable),
    });
  }
  return warnings;
}

/** Names in the map of flags that no setting has. */
export function unknownFlags(flags: Readonly<Record<string, string | undefined>>): readonly ConfigProblem[] {
  return Object.keys(flags)
    .filter((name) => !NAMES.has(name))
    .map((name) => {
      const [section = "", ...key] = name.split(".");
      return unknownKey({ kind: "flag", name }, section, key.join("."));
    });
}
