import { unusableCertificates } from "./client-certificates.ts";
import { type Config, configOf } from "./config.ts";
import { type Ini, parseIni } from "./ini.ts";
import { interpolate } from "./interpolation.ts";
import { type ConfigProblem, quote, type Source } from "./problem.ts";
import type { ReadFile } from "./read-file.ts";
import { findS3 } from "./s3.ts";
import { flagOf, SETTINGS, sectionOf, variableOf } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { findSigner } from "./signer.ts";
import { passwordsAndTokens } from "./tokens.ts";
import { unknownFlags, unknownInEnvironment, unknownInFile } from "./unknown.ts";

/** Where Crane has always looked. */
export const DEFAULT_CONFIG_PATH = "/etc/crane.conf";

/** Everything that says what the configuration is, the strongest first. */
export interface Sources {
  /** What flags gave, by `section.key`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** What `--config` gave. */
  readonly configPath?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
}

/** The configuration, or all that keeps it from being one. Warnings keep nobody from anything. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly ConfigProblem[] };

/** A text that a source has for a setting; undefined when it can't be made out. */
interface Given {
  readonly text: string | undefined;
  readonly source: Source;
}

interface File {
  readonly path: string;
  readonly ini: Ini;
}

const HIDDEN = "a value that is not shown";

/** Which file is read, and whether somebody asked for it, which is when it must exist. */
function whichFile({ configPath, environment }: Sources): { readonly path: string; readonly askedBy?: Source } {
  if (configPath !== undefined) return { path: configPath, askedBy: { kind: "flag", name: "--config" } };
  const path = environment["CRANE_CONFIG_PATH"];
  if (path === undefined || path === "") return { path: DEFAULT_CONFIG_PATH };
  return { path, askedBy: { kind: "environment", name: "CRANE_CONFIG_PATH" } };
}

function openFile(sources: Sources): { readonly file: File; readonly problems: readonly ConfigProblem[] } {
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

function inFile(setting: Setting<unknown>, { path, ini }: File): Given | undefined {
  const name = sectionOf(setting);
  const section = ini.sections.get(name)?.entries;
  if (section === undefined) return undefined;
  const defaults = ini.sections.get("DEFAULT")?.entries;
  const rawOf = (key: string) => section.get(key) ?? defaults?.get(key);
  const value = rawOf(setting.name.slice(name.length + 1));
  if (value === undefined) return undefined;
  const text = interpolate(value.text, (key) => rawOf(key)?.text ?? (key === "__name__" ? name : undefined));
  return { text, source: { kind: "file", path, line: value.line } };
}

function inEnvironment(setting: Setting<unknown>, environment: Sources["environment"]): Given | undefined {
  const name = variableOf(setting);
  const text = environment[name];
  if (text !== undefined) return { text, source: { kind: "environment", name } };
  // As Crane had it, this variable can turn debugging on but not off.
  const isDebug = setting.name === SETTINGS.general.debug.name && environment["CRANE_DEBUG"]?.toLowerCase() === "true";
  return isDebug ? { text: "true", source: { kind: "environment", name: "CRANE_DEBUG" } } : undefined;
}

function find(setting: Setting<unknown>, { flags, environment }: Sources, file: File): Given | undefined {
  const flag = flags[setting.name];
  if (flag !== undefined) return { text: flag, source: { kind: "flag", name: flagOf(setting) } };
  return inEnvironment(setting, environment) ?? inFile(setting, file);
}

function unclearDebug({ environment }: Sources): readonly ConfigProblem[] {
  const text = environment["CRANE_DEBUG"] ?? "";
  if (["", "true", "false"].includes(text.toLowerCase())) return [];
  const source = { kind: "environment", name: "CRANE_DEBUG" } as const;
  return [{ source, key: SETTINGS.general.debug.name, expected: "true, or it is ignored", received: quote(text) }];
}

const isGiven = (given: Given | undefined): given is Given => given !== undefined && given.text?.trim() !== "";

/** Certificate and key: each asks for the other. */
function halfTls(sourceOf: (setting: Setting<unknown>) => Source | undefined): readonly ConfigProblem[] {
  const halves = [SETTINGS.server.tlsCertificate, SETTINGS.server.tlsKey] as const;
  return halves.flatMap((present, index) => {
    const missing = halves[1 - index];
    const source = sourceOf(present);
    if (missing === undefined || source === undefined || sourceOf(missing) !== undefined) return [];
    const expected = `${missing.expected}, since ${present.name} is given`;
    return [{ source, key: missing.name, expected, received: "nothing" }];
  });
}

/**
 * Makes one value of all that says what the configuration is: a flag before a variable of the environment, that
 * before the file, that before the default. Nothing but `readFile` looks outside.
 *
 * @see spec "Configuration"
 */
export function loadConfig(sources: Sources): Loaded {
  const { file, problems: fileProblems } = openFile(sources);
  const problems: ConfigProblem[] = [...fileProblems];
  const givenOf = (setting: Setting<unknown>) => find(setting, sources, file);

  const sourceOf = (setting: Setting<unknown>): Source | undefined => {
    const given = givenOf(setting);
    return isGiven(given) ? given.source : undefined;
  };

  const get = <Value>(setting: Setting<Value>): Value => {
    const given = givenOf(setting);
    if (given === undefined) return setting.defaultValue;
    const { source } = given;
    const text = given.text?.trim();
    if (text === "" && setting.emptyIsDefault) return setting.defaultValue;
    const value = text === undefined ? undefined : setting.parse(text);
    if (value !== undefined) return value;
    problems.push({
      source,
      key: setting.name,
      expected: text === undefined ? "%(name)s to name a key of the same section" : setting.expected,
      received: text === undefined || setting.isSecret ? HIDDEN : quote(text),
    });
    return setting.defaultValue;
  };
  const { signer, ...ofSigner } = findSigner({ get, sourceOf, readFile: sources.readFile });
  const settings = configOf(get, signer);
  const { dataDir } = settings.general;
  const { s3, ...ofS3 } = findS3({ get, sourceOf, environment: sources.environment, dataDir });
  const config: Config = { ...settings, s3 };
  problems.push(...ofSigner.problems, ...ofS3.problems, ...halfTls(sourceOf), ...passwordsAndTokens(sourceOf));
  // A value that is there and malformed is not missing.
  const isNamed = ({ key }: ConfigProblem): boolean => problems.some((problem) => problem.key === key);
  problems.push(...unusableCertificates(config, sourceOf).filter((each) => !isNamed(each)));

  const warnings = [
    ...unknownFlags(sources.flags),
    ...unknownInEnvironment(sources.environment),
    ...unclearDebug(sources),
    ...unknownInFile(file.ini, file.path),
    ...ofSigner.warnings,
    ...ofS3.warnings,
  ];
  return problems.length === 0 ? { ok: true, config, warnings } : { ok: false, problems, warnings };
}
