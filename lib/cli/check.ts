import { authFaults } from "../auth/authenticator.ts";
import { authorityWarnings, readAuthorities } from "../auth/certificates/authorities.ts";
import type { LoadedConfig } from "../config/load.ts";
import { describeProblem } from "../config/problem.ts";
import { reviewConfig } from "../config/review.ts";
import { linkFaults } from "../content/links.ts";
import { comparePaths, conflictsIn } from "../core/catalog/catalog.ts";
import { describeFault, describeWarning, visible } from "../core/redirect-file/fault.ts";
import type { ContentFinding } from "../publish/verify/verify.ts";
import { tlsFaults } from "../server/tls-files.ts";
import { EMPTY_SNAPSHOT, type Snapshot } from "../store/snapshots.ts";
import { readDirectoryOnce } from "../store/store.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { checkContent } from "./check-content.ts";
import { counted } from "./counted.ts";
import { readConfig } from "./settings.ts";

/** Finds the errors and warnings of the configuration and of the files that it names. */
async function configurationFaults(loaded: LoadedConfig) {
  const { auth, server } = loaded.config;
  const review = reviewConfig(loaded);
  const authorities = readAuthorities(auth);
  const trusted = authorities.ok ? (authorities.authorities ?? []) : [];
  const ofAuth = await authFaults(auth);
  const now = Date.now();
  const ofTls = tlsFaults(server, now);
  return {
    warnings: [
      ...[...loaded.warnings, ...review.warnings].map(describeProblem),
      ...ofTls.warnings,
      ...authorityWarnings(auth, trusted, now),
      ...ofAuth.warnings,
    ],
    errors: [
      ...[...(loaded.ok ? [] : loaded.problems), ...review.problems].map(describeProblem),
      ...ofTls.errors,
      ...(authorities.ok ? [] : [authorities.problem]),
      ...ofAuth.errors,
    ],
  };
}

/** Tells whether redirect files can be read with a configuration that may be in error. */
function namesDataDir(loaded: LoadedConfig): boolean {
  if (loaded.ok) return true;
  return loaded.config.s3 === undefined && loaded.problems.every(({ key }) => key !== "general.data_dir");
}

/** One line of the output; `--json` prints them all. */
interface Finding {
  /** Content has hints and good news too. */
  readonly level: ContentFinding["level"];
  readonly of: "configuration" | "redirect file" | "content";
  /** Path of the redirect file. */
  readonly path?: string;
  readonly text: string;
}

const lineOf = ({ level, path, text }: Finding): string =>
  `${level}: ${path === undefined ? "" : `${visible(path)}: `}${text}\n`;

/** Finds what is wrong with redirect files, in the order of their paths. */
function* findingsOf({ catalog, faults, warnings }: Snapshot): Generator<Finding> {
  const byPath = <Of>(map: ReadonlyMap<string, Of>) => [...map].sort(([a], [b]) => comparePaths(a, b));
  const of = "redirect file";
  for (const [path, { faults: each }] of byPath(faults)) {
    for (const fault of each) yield { level: "error", of, path, text: describeFault(fault) };
  }
  for (const [path, each] of byPath(warnings)) {
    for (const warning of each) yield { level: "warning", of, path, text: describeWarning(warning) };
  }
  for (const { path, name, servedFrom } of conflictsIn(catalog)) {
    const text = `repo-registry-id: ${name} is already served from ${visible(servedFrom)}`;
    yield { level: "error", of, path, text };
  }
}

/** Counts the files in error; directories that can't be read have faults too. */
const inError = ({ faults }: Snapshot): number => [...faults.keys()].filter((path) => path.endsWith(".json")).length;

/** The last line: how many files and repositories there are, and how much is wrong. */
function summaryOf(dataDir: string, snapshot: Snapshot, findings: readonly Finding[]) {
  const {
    files,
    catalog: { v1, v2 },
  } = snapshot;
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const fine = v1.names.length + v2.names.length === 0 ? "no repositories" : "nothing wrong";
  const parts = [
    counted(files, "good redirect file"),
    ...(inError(snapshot) === 0 ? [] : [`${inError(snapshot)} in error`]),
    `${v1.names.length} v1 and ${v2.names.length} v2 repositories`,
    errors === 0 ? fine : counted(errors, "error"),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ];
  return `${dataDir}: ${parts.join(", ")}\n`;
}

/** `craned check`: prints everything that is wrong with the configuration and the redirect files, each in a line. */
export async function check(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const findings: Finding[] = [];
  const isJson = options["json"] === true;
  const add = (finding: Finding): void => {
    findings.push(finding);
    if (!isJson) terminal.print(lineOf(finding));
  };
  const loaded = readConfig(options, terminal);
  const { warnings, errors } = await configurationFaults(loaded);
  for (const text of warnings) add({ level: "warning", of: "configuration", text });
  for (const text of errors) add({ level: "error", of: "configuration", text });
  const { dataDir } = loaded.config.general;
  const snapshot = namesDataDir(loaded) ? await readDirectoryOnce(dataDir, loaded.config.s3) : undefined;
  if (snapshot === undefined) {
    if (!isJson) terminal.print("The configuration is in error; redirect files were not read.\n");
  } else {
    for (const finding of findingsOf(snapshot)) add(finding);
    for (const fault of linkFaults(loaded.config.serveContent)) {
      add({ level: "error", of: "configuration", text: `serve_content.link_roots: ${visible(fault)}` });
    }
    await checkContent(snapshot.catalog, loaded.config, options, (finding) => add({ ...finding, of: "content" }));
    if (!isJson) terminal.print(summaryOf(dataDir, snapshot, findings));
  }
  const ok = findings.every(({ level }) => level !== "error");
  if (isJson) {
    const { files, catalog } = snapshot ?? EMPTY_SNAPSHOT;
    const read = {
      dataDir,
      files: { good: files, inError: inError(snapshot ?? EMPTY_SNAPSHOT) },
      repositories: { v1: catalog.v1.names.length, v2: catalog.v2.names.length },
    };
    terminal.print(`${JSON.stringify({ ok, ...(snapshot !== undefined && read), findings }, undefined, 2)}\n`);
  }
  return ok ? EXIT.ok : EXIT.failed;
}
