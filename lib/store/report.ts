import type { Change } from "../core/catalog/catalog.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import type { Log } from "../log.ts";
import type { FileFault, SnapshotChange } from "./snapshots.ts";

/** Changes are named in one line, if they are few. */
const MAX_NAMED = 5;
/** Lines about single files for one change; `craned check` has all. */
const MAX_LINES = 1000;

function reportFault(log: Log, rootPath: string, path: string, { faults, servesLastGood }: FileFault): void {
  const [first, ...others] = faults;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const write = path === rootPath ? log.error : log.warn;
  write(`${path}: ${describeFault(first)}${more}`, { servesLastGood });
}

/** Counts changes; none are left out of the line. */
function count(changes: readonly Change[], isCounted: (change: Change) => boolean): number | undefined {
  return changes.filter(isCounted).length || undefined;
}

/** Logs a change: one line for the whole, and one for each new fault and each new conflict. */
export function report(log: Log, rootPath: string, change: SnapshotChange): void {
  const { snapshot, isFirst, changes, broken, mended, conflicts } = change;
  const names = changes.length > MAX_NAMED ? [] : changes.map(({ before, after }) => after?.name ?? before?.name);
  log.info(isFirst ? "redirect files loaded" : "redirect files changed", {
    added: count(changes, ({ before }) => before === undefined),
    changed: count(changes, ({ before, after }) => before !== undefined && after !== undefined),
    removed: count(changes, ({ after }) => after === undefined),
    broken: broken.length || undefined,
    mended: mended.length || undefined,
    names: isFirst || names.length === 0 ? undefined : [...new Set(names)].join(", "),
    files: snapshot.files,
    inError: snapshot.faults.size,
  });
  for (const [path, fault] of broken.slice(0, MAX_LINES)) reportFault(log, rootPath, path, fault);
  for (const { path, servedFrom, name } of conflicts.slice(0, MAX_LINES))
    log.warn(`${path}: ${name} is served from ${servedFrom}, which claims the same name and comes first`);
  const more = Math.max(0, broken.length - MAX_LINES) + Math.max(0, conflicts.length - MAX_LINES);
  if (more > 0) log.warn(`${more} more files are in error or ignored; craned check lists all`);
}
