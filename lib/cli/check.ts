import { authFaults } from "../auth/authenticator.ts";
import { authorityWarnings, readAuthorities } from "../auth/certificates/authorities.ts";
import type { Loaded } from "../config/load.ts";
import { describeProblem } from "../config/problem.ts";
import { reviewConfig } from "../config/review.ts";
import { linkFaults } from "../content/links.ts";
import { comparePaths, conflictsIn } from "../core/catalog/catalog.ts";
import { describeFault, describeWarning, visible } from "../core/redirect-file/fault.ts";
import { tlsFaults } from "../server/tls-files.ts";
import { readDirectoryOnce } from "../store/store.ts";
import { checkContent } from "./check-content.ts";
import { readConfig } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

/** Finds the errors and warnings of the configuration and of the files that it names. */
async function configurationFaults(loaded: Loaded) {
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
function namesDataDir(loaded: Loaded): boolean {
  if (loaded.ok) return true;
  return loaded.config.s3 === undefined && loaded.problems.every(({ key }) => key !== "general.data_dir");
}

/** `craned check`: prints every fault of the configuration and the redirect files in a line. */
export async function check(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const loaded = readConfig(options, terminal);
  const { warnings, errors } = await configurationFaults(loaded);
  for (const warning of warnings) terminal.print(`warning: ${warning}\n`);
  for (const error of errors) terminal.print(`error: ${error}\n`);
  if (!namesDataDir(loaded)) {
    terminal.print("The configuration is in error; redirect files were not read.\n");
    return EXIT.failed;
  }
  const { dataDir } = loaded.config.general;
  const { catalog, faults, files, warnings: ofFiles } = await readDirectoryOnce(dataDir, loaded.config.s3);
  for (const [path, { faults: each }] of [...faults].sort(([a], [b]) => comparePaths(a, b))) {
    for (const fault of each) terminal.print(`error: ${visible(path)}: ${describeFault(fault)}\n`);
  }
  for (const [path, each] of [...ofFiles].sort(([a], [b]) => comparePaths(a, b))) {
    for (const warning of each) terminal.print(`warning: ${visible(path)}: ${describeWarning(warning)}\n`);
  }
  const conflicts = conflictsIn(catalog);
  for (const { path, name, servedFrom } of conflicts) {
    terminal.print(
      `error: ${visible(path)}: repo-registry-id: ${name} is already served from ${visible(servedFrom)}\n`,
    );
  }
  const unservedLinks = linkFaults(loaded.config.serveContent);
  for (const fault of unservedLinks) terminal.print(`error: serve_content.link_roots: ${visible(fault)}\n`);
  const contentErrors = await checkContent(catalog, loaded.config, options, terminal);
  const total = errors.length + faults.size + conflicts.length + unservedLinks.length + contentErrors;
  const { v1, v2 } = catalog;
  const fine = v1.names.length + v2.names.length === 0 ? "no repositories" : "nothing wrong";
  terminal.print(
    `${dataDir}: ${files} good redirect files, ${v1.names.length} v1 and ${v2.names.length} v2 repositories, ` +
      `${total === 0 ? fine : `${total} in error`}\n`,
  );
  return total === 0 ? EXIT.ok : EXIT.failed;
}
