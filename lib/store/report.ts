import type { Change } from "../core/catalog/catalog.ts";
import type { Log } from "../log.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import type { FileFault, Ledger, Outcome } from "./ledger.ts";
import type { Watching } from "./store-options.ts";

/** Names are told of as many changes as fit in a line. */
const MAX_NAMED = 5;
/** When everything breaks at once, the log says so and goes on; `craned check` tells all. */
const MAX_LINES = 1000;

function reportFault(log: Log, rootPath: string, path: string, { faults, servesLastGood }: FileFault): void {
  const [first, ...others] = faults;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const write = path === rootPath ? log.error : log.warn;
  write(`${path}: ${describeFault(first)}${more}`, { servesLastGood });
}

const count = (changes: readonly Change[], isOf: (change: Change) => boolean): number => changes.filter(isOf).length;

/** Only what happened is told. */
const unlessNone = (number: number): number | undefined => (number === 0 ? undefined : number);

/** Turns what a look round found into the next snapshot, and tells of it. @returns whether there is a next one */
export async function settleAndTell(
  ledger: Ledger,
  rootPath: string,
  { log, onChange }: Pick<Watching, "log" | "onChange">,
): Promise<boolean> {
  const isFirst = ledger.snapshot().loadedAt === undefined;
  const outcome = await ledger.settle(new Date());
  if (outcome === undefined) return false;
  report(log, rootPath, isFirst, outcome);
  onChange?.(outcome.snapshot);
  return true;
}

/** Writes what a look round changed: a line for the whole, and one for each new fault and each new conflict. */
export function report(log: Log, rootPath: string, isFirst: boolean, outcome: Outcome): void {
  const { snapshot, changes, broken, mended, conflicts } = outcome;
  const names = changes.length > MAX_NAMED ? [] : changes.map(({ before, after }) => after?.name ?? before?.name);
  log.info(isFirst ? "redirect files loaded" : "redirect files changed", {
    added: unlessNone(count(changes, ({ before }) => before === undefined)),
    changed: unlessNone(count(changes, ({ before, after }) => before !== undefined && after !== undefined)),
    removed: unlessNone(count(changes, ({ after }) => after === undefined)),
    broken: unlessNone(broken.length),
    mended: unlessNone(mended.length),
    names: isFirst || names.length === 0 ? undefined : [...new Set(names)].join(", "),
    files: snapshot.files,
    inError: snapshot.faults.size,
  });
  for (const [path, fault] of broken.slice(0, MAX_LINES)) reportFault(log, rootPath, path, fault);
  for (const { path, servedFrom, name } of conflicts.slice(0, MAX_LINES))
    log.warn(`${path}: ${name} is served from ${servedFrom}, which claims the same name and comes first`);
  const untold = Math.max(0, broken.length - MAX_LINES) + Math.max(0, conflicts.length - MAX_LINES);
  if (untold > 0) log.warn(`${untold} more files are in error or passed over; craned check names them all`);
}
