import { type Config, readSections } from "./config.ts";
import { type Ini, interpolate, parseIni } from "./ini.ts";
import { type ConfigProblem, quote, type SettingSource } from "./problem.ts";
import type { Given, ReadTextFile, SourceOf } from "./reading.ts";
import { flagOf, REMOVED_SETTINGS, SETTINGS, sectionOf, variableOf } from "./schema.ts";
import { type NamedSetting, type Setting, secretFileOf } from "./setting.ts";
import { unknownFlags, unknownInEnvironment, unknownInFile } from "./unknown.ts";

/** Crane's own path. */
export const DEFAULT_CONFIG_PATH = "/etc/crane.conf";

/** Everything that says what the configuration is, the strongest first. */
export interface Sources {
  /** Values of flags, by `section.key`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** Value of `--config`. */
  readonly configPath?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadTextFile;
}

/** The configuration, with its problems and defaults in their place if it has any. Warnings are no obstacle. */
export type LoadedConfig = {
  readonly config: Config;
  readonly warnings: readonly ConfigProblem[];
  readonly sourceOf: SourceOf;
} & ({ readonly ok: true } | { readonly ok: false; readonly problems: readonly ConfigProblem[] });

interface ConfigFile {
  readonly path: string;
  readonly ini: Ini;
}

const HIDDEN = "a value that is not shown";

/** Returns the file to read. One that was asked for must exist. */
function whichFile({ configPath, environment }: Sources): { readonly path: string; readonly askedBy?: SettingSource } {
  if (configPath !== undefined) return { path: configPath, askedBy: { kind: "flag", name: "--config" } };
  const path = environment["CRANE_CONFIG_PATH"];
  if (path === undefined || path === "") return { path: DEFAULT_CONFIG_PATH };
  return { path, askedBy: { kind: "environment", name: "CRANE_CONFIG_PATH" } };
}

function openFile(sources: Sources): { readonly file: ConfigFile; readonly problems: readonly ConfigProblem[] } {
  const { path, askedBy } = whichFile(sources);
  const content = sources.readFile(path);
  if (content.kind === "text") {
    const ini = parseIni(content.text);
    const problems = ini.faults.map(({ line, ...fault }) => ({
      source: { kind: "file", path, line } as const,
      ...fault,
    }));
    return { file: { path, ini }, problems };
  }
  const file = { path, ini: parseIni("") };
  if (content.kind === "missing" && askedBy === undefined) return { file, problems: [] };
  const reason = content.kind === "missing" ? "there is no such file" : content.reason;
  const source = askedBy ?? ({ kind: "file", path } as const);
  return { file, problems: [{ source, expected: "a file that can be read", received: `${quote(path)}: ${reason}` }] };
}

function inFile(setting: NamedSetting, { path, ini }: ConfigFile): Given | undefined {
  const name = sectionOf(setting);
  const section = ini.sections.get(name)?.entries;
  if (section === undefined) return undefined;
  const defaults = ini.sections.get("DEFAULT")?.entries;
  const rawOf = (key: string) => section.get(key) ?? defaults?.get(key);
  const value = rawOf(setting.name.slice(name.length + 1));
  if (value === undefined) return undefined;
  const text = interpolate(value.text, (key) => rawOf(key)?.text ?? (key === "__name__" ? name : undefined));
  return { text, source: { kind: "file", path, line: value.line }, key: setting.name };
}

/** All that a section of the file has, by key. */
const entriesOf = (section: string, file: ConfigFile): readonly (readonly [key: string, given: Given])[] =>
  [...(file.ini.sections.get(section)?.entries.keys() ?? [])].flatMap((key) => {
    const given = inFile({ name: `${section}.${key}` }, file);
    return given === undefined ? [] : [[key, given] as const];
  });

function inEnvironment(setting: NamedSetting, environment: Sources["environment"]): Given | undefined {
  const name = variableOf(setting);
  const text = environment[name];
  if (text !== undefined) return { text, source: { kind: "environment", name }, key: setting.name };
  // As Crane had it, this variable can turn debugging on but not off.
  const isDebug = setting.name === SETTINGS.general.debug.name && environment["CRANE_DEBUG"]?.toLowerCase() === "true";
  if (!isDebug) return undefined;
  return { text: "true", source: { kind: "environment", name: "CRANE_DEBUG" }, key: setting.name };
}

const RANKS = ["flag", "environment", "file"];

/** The strongest of the sources that give a setting. */
function find(setting: NamedSetting, { flags, environment }: Sources, file: ConfigFile): Given | undefined {
  const flag = flags[setting.name];
  if (flag !== undefined) return { text: flag, source: { kind: "flag", name: flagOf(setting) }, key: setting.name };
  return inEnvironment(setting, environment) ?? inFile(setting, file);
}

function unclearDebug({ environment }: Sources): readonly ConfigProblem[] {
  const text = environment["CRANE_DEBUG"] ?? "";
  if (["", "true", "false"].includes(text.toLowerCase())) return [];
  const source = { kind: "environment", name: "CRANE_DEBUG" } as const;
  return [{ source, key: SETTINGS.general.debug.name, expected: "true, or it is ignored", received: quote(text) }];
}

const isGiven = (given: Given | undefined): given is Given => given !== undefined && given.text?.trim() !== "";

/** Reports each removed setting that a source still gives. */
function removedSettings(sources: Sources, file: ConfigFile): readonly ConfigProblem[] {
  return [...REMOVED_SETTINGS].flatMap(([name, replacement]) => {
    const given = find({ name }, sources, file);
    if (given === undefined) return [];
    const { source, text = "" } = given;
    return [{ source, key: name, expected: `${replacement}, as this setting was removed`, received: quote(text) }];
  });
}

/**
 * Reads the configuration: a flag before a variable of the environment, that before the file, that before the default.
 * Nothing but `readFile` looks outside.
 *
 * @see spec "Configuration"
 */
export function loadConfig(sources: Sources): LoadedConfig {
  const { file, problems: fileProblems } = openFile(sources);
  const problems: ConfigProblem[] = [...fileProblems, ...removedSettings(sources, file)];
  const warnings: ConfigProblem[] = [
    ...unknownFlags(sources.flags),
    ...unknownInEnvironment(sources.environment),
    ...unclearDebug(sources),
    ...unknownInFile(file.ini, file.path),
  ];

  /** A secret, from its own setting or from the file that its other setting names: the stronger source counts. */
  const findSecret = (setting: Setting<unknown>): Given | undefined => {
    const ofFile = secretFileOf(setting);
    const [direct, named] = [find(setting, sources, file), find(ofFile, sources, file)];
    if (!isGiven(named)) return direct;
    if (isGiven(direct)) {
      const difference = RANKS.indexOf(direct.source.kind) - RANKS.indexOf(named.source.kind);
      if (difference < 0) return direct;
      const { source, key } = named;
      if (difference === 0)
        problems.push({ source, key, expected: `nothing, since ${setting.name} is given`, received: "a file" });
    }
    const path = get(ofFile);
    const content = path === undefined ? undefined : sources.readFile(path);
    if (content?.kind === "text") return { ...named, text: content.text };
    if (path !== undefined && content !== undefined) {
      const received = `${quote(path)}: ${content.kind === "missing" ? "there is no such file" : content.reason}`;
      problems.push({ source: named.source, key: named.key, expected: "a file that can be read", received });
    }
    return { ...named, text: "" };
  };

  const known = new Map<string, Given | undefined>();
  const givenOf = (setting: Setting<unknown>): Given | undefined => {
    if (known.has(setting.name)) return known.get(setting.name);
    const given = setting.isSecret ? findSecret(setting) : find(setting, sources, file);
    known.set(setting.name, given);
    return given;
  };

  const sourceOf = (setting: Setting<unknown>): SettingSource | undefined => {
    const given = givenOf(setting);
    // Empty is a value where it does not mean the default.
    return isGiven(given) || !setting.emptyIsDefault ? given?.source : undefined;
  };

  const values = new Map<string, unknown>();
  const read = (setting: Setting<unknown>): unknown => {
    const given = givenOf(setting);
    if (given === undefined) return setting.defaultValue;
    const { source, key } = given;
    const text = given.text?.trim();
    if (text === "" && setting.emptyIsDefault) return setting.defaultValue;
    const value = text === undefined ? undefined : setting.parse(text);
    if (value !== undefined) return value;
    problems.push({
      source,
      key,
      expected: text === undefined ? "%(name)s to name a key of the same section" : setting.expected,
      received: text === undefined || setting.isSecret ? HIDDEN : quote(text),
    });
    return setting.defaultValue;
  };
  const get = <Value>(setting: Setting<Value>): Value => {
    if (!values.has(setting.name)) values.set(setting.name, read(setting));
    return values.get(setting.name) as Value;
  };

  const { environment, readFile } = sources;
  const consequences: ConfigProblem[] = [];
  const config = readSections({
    get,
    sourceOf,
    section: (name) => entriesOf(name, file),
    environment,
    readFile,
    report: (problem) => void consequences.push(problem),
    warn: (problem) => void warnings.push(problem),
  });
  // A value that is there and malformed is not missing.
  problems.push(
    ...consequences.filter(({ key }) => key === undefined || !problems.some((problem) => problem.key === key)),
  );
  return problems.length === 0
    ? { ok: true, config, warnings, sourceOf }
    : { ok: false, config, problems, warnings, sourceOf };
}
