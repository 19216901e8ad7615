import { describeFault, describeWarning } from "../core/redirect-file/fault.ts";
import type { Log } from "../log.ts";
import type { SnapshotChange } from "./snapshots.ts";

/** Changes are named in one line, if they are few. */
const MAX_NAMED = 5;
/** Lines about single files for one change; `craned check` has all. */
const MAX_LINES = 1000;

/** Returns the first of several lines, and counts the others. */
const firstOf = ([first = "", ...others]: readonly string[]): string =>
  others.length === 0 ? first : `${first} (and ${others.length} more)`;

/** Counts changes; none are left out of the line. */
function count<Item>(changes: readonly Item[], isCounted: (change: Item) => boolean): number | undefined {
  return changes.filter(isCounted).length || undefined;
}

/** Logs a change: one line for the whole, and one for each file with new faults, new warnings or a new conflict. */
export function report(log: Log, rootPath: string, change: SnapshotChange): void {
  const { snapshot, isFirst, changes, conflicts } = change;
  const names = changes.length > MAX_NAMED ? [] : changes.map(({ before, after }) => after?.name ?? before?.name);
  log.info(isFirst ? "redirect files loaded" : "redirect files changed", {
    added: count(changes, ({ before }) => before === undefined),
    changed: count(changes, ({ before, after }) => before !== undefined && after !== undefined),
    removed: count(changes, ({ after }) => after === undefined),
    broken: count(change.faults, ([, fault]) => fault !== undefined),
    mended: count(change.faults, ([, fault]) => fault === undefined),
    names: isFirst || names.length === 0 ? undefined : [...new Set(names)].join(", "),
    files: snapshot.files,
    inError: snapshot.faults.size,
  });
  let left = MAX_LINES;
  for (const [path, fault] of change.faults) {
    if (fault === undefined && path === rootPath) log.info(`${rootPath}: can be read again`);
    if (fault === undefined || left-- <= 0) continue;
    const write = path === rootPath ? log.error : log.warn;
    write(`${path}: ${firstOf(fault.faults.map(describeFault))}`, { servesLastGood: fault.servesLastGood });
  }
  for (const { path, servedFrom, name } of conflicts)
    if (left-- > 0)
      log.warn(`${path}: ${name} is served from ${servedFrom}, which claims the same name and comes first`);
  for (const [path, warnings] of change.warnings)
    if (warnings !== undefined && left-- > 0) log.warn(`${path}: ${firstOf(warnings.map(describeWarning))}`);
  if (left < 0) log.warn(`${-left} more files are in error, ignored or with warnings; craned check lists all`);
  const { v1, v2 } = snapshot.catalog;
  if ((isFirst || changes.length > 0) && v1.names.length + v2.names.length === 0)
    log.info(
      `${rootPath}: no repositories; craned publish puts redirect files there, craned demo shows some, and docs/quick-start.md leads through both`,
    );
}
