import { authFaults } from "../auth/authenticator.ts";
import { comparePaths, conflictsIn } from "../core/catalog/catalog.ts";
import { describeProblem } from "../config/problem.ts";
import { describeFault, visible } from "../core/redirect-file/fault.ts";
import { readDirectoryOnce } from "../store/store.ts";
import { readAuthorities } from "../auth/certificates/authorities.ts";
import { checkContent } from "./check-content.ts";
import { readConfig } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

/** `craned check`: everything that is wrong with the configuration and the redirect files, each in a line. */
export async function check(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const loaded = readConfig(options, terminal);
  for (const warning of loaded.warnings) terminal.print(`warning: ${describeProblem(warning)}\n`);
  if (!loaded.ok) {
    for (const problem of loaded.problems) terminal.print(`error: ${describeProblem(problem)}\n`);
    terminal.print("The configuration is in error; redirect files were not looked at.\n");
    return EXIT.failed;
  }
  const { auth } = loaded.config;
  const authorities = readAuthorities(auth);
  const ofAuth = await authFaults(auth);
  const authProblems = [...(authorities.ok ? [] : [authorities.problem]), ...ofAuth.errors];
  for (const warning of ofAuth.warnings) terminal.print(`warning: ${warning}\n`);
  for (const problem of authProblems) terminal.print(`error: ${problem}\n`);
  const { dataDir } = loaded.config.general;
  const { catalog, faults, files } = await readDirectoryOnce(dataDir, loaded.config.s3);
  for (const [path, { faults: each }] of [...faults].sort(([a], [b]) => comparePaths(a, b))) {
    for (const fault of each) terminal.print(`error: ${visible(path)}: ${describeFault(fault)}\n`);
  }
  const conflicts = conflictsIn(catalog);
  for (const { path, name, servedFrom } of conflicts) {
    terminal.print(
      `error: ${visible(path)}: repo-registry-id: ${name} is already served from ${visible(servedFrom)}\n`,
    );
  }
  const contentErrors = await checkContent(catalog, loaded.config, options, terminal);
  const errors = authProblems.length + faults.size + conflicts.length + contentErrors;
  const { v1, v2 } = catalog;
  terminal.print(
    `${dataDir}: ${files} good redirect files, ${v1.names.length} v1 and ${v2.names.length} v2 repositories, ` +
      `${errors === 0 ? "nothing wrong" : `${errors} in error`}\n`,
  );
  return errors === 0 ? EXIT.ok : EXIT.failed;
}
