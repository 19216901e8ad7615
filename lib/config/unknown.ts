/** Warnings about unknown names, most of which are typing errors. */
import { distance } from "fastest-levenshtein";
import type { Ini } from "./ini.ts";
import { MIRROR_SECTION } from "./mirror.ts";
import { type ConfigProblem, quote, type SettingSource } from "./problem.ts";
import { ALL_SETTINGS, REMOVED_SETTINGS, SECTIONS, sectionOf, variableOf } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** The longest name that is compared. */
const MAX_COMPARED = 80;

const NAMES = new Set([...ALL_SETTINGS.map(({ name }) => name), ...REMOVED_SETTINGS.keys()]);
const REMOVED_SECTIONS = new Set([...REMOVED_SETTINGS.keys()].map((name) => sectionOf({ name })));

const isKnownSection = (name: string): boolean =>
  REMOVED_SECTIONS.has(name) || SECTIONS.some((section) => section.name === name);

/** Finds the candidate with the least distance; the first of several. */
function nearest<Item>(candidates: readonly Item[], distanceTo: (candidate: Item) => number): Item | undefined {
  const [best] = candidates.map((item) => ({ item, far: distanceTo(item) })).toSorted((a, b) => a.far - b.far);
  return best?.item;
}

function nearestSection(name: string): string {
  const compared = name.slice(0, MAX_COMPARED).toLowerCase();
  return nearest(SECTIONS, (section) => distance(section.name, compared))?.name ?? "";
}

/** The right key in the wrong section is as near as a key that is one letter off. */
function nearestSetting(section: string, key: string): Setting<unknown> | undefined {
  const compared = key.slice(0, MAX_COMPARED);
  return nearest(ALL_SETTINGS, (setting) => {
    const itsSection = sectionOf(setting);
    return distance(setting.name.slice(itsSection.length + 1), compared) + (itsSection === section ? 0 : 1);
  });
}

const unknownKey = (source: SettingSource, section: string, key: string): ConfigProblem => ({
  source,
  key: `${section}.${key}`,
  expected: `a known key (the nearest is ${nearestSetting(section, key)?.name})`,
  received: quote(key),
});

/** Unknown sections and keys of a file. What `[DEFAULT]` has may serve interpolation only, so nothing there is unknown. */
export function unknownInFile({ sections }: Ini, path: string): readonly ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  for (const [name, { line, entries }] of sections) {
    if (name === "DEFAULT" || name === MIRROR_SECTION) continue;
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
 * Unknown variables that begin with the name of a section. Others are left alone: Kubernetes sets `CRANE_SERVICE_HOST`
 * and the like for a service called crane.
 */
export function unknownInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): readonly ConfigProblem[] {
  const known = new Set([...NAMES].map((name) => variableOf({ name })));
  const warnings: ConfigProblem[] = [];
  for (const variable of Object.keys(environment)) {
    if (known.has(variable) || environment[variable] === undefined) continue;
    const section = SECTIONS.find(({ name }) => variable.startsWith(`CRANE_${name.toUpperCase()}_`))?.name;
    if (section === undefined) continue;
    const key = variable.slice(`CRANE_${section}_`.length).toLowerCase();
    const setting = nearestSetting(section, key);
    const expected =
      section === MIRROR_SECTION
        ? `[${MIRROR_SECTION}] in the file, as hosts can't be named in variables`
        : `a known variable (the nearest is ${setting === undefined ? "" : variableOf(setting)})`;
    warnings.push({
      source: { kind: "environment", name: variable },
      key: `${section}.${key}`,
      expected,
      received: quote(variable),
    });
  }
  return warnings;
}

/** Flags that no setting has. */
export function unknownFlags(flags: Readonly<Record<string, string | undefined>>): readonly ConfigProblem[] {
  return Object.keys(flags)
    .filter((name) => !NAMES.has(name))
    .map((name) => {
      const [section = "", ...key] = name.split(".");
      return unknownKey({ kind: "flag", name }, section, key.join("."));
    });
}
