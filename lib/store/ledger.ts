import {
  type Catalog,
  type Change,
  type Conflict,
  comparePaths,
  conflictsFor,
  EMPTY_CATALOG,
  editCatalog,
  servedFrom,
} from "../core/catalog/catalog.ts";
import { describeFault, type Fault } from "../core/redirect-file/fault.ts";
import type { Parsed } from "../core/redirect-file/parse.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import { createPauses } from "./work.ts";

/** What is wrong with a file or a directory. */
export interface FileFault {
  readonly faults: readonly [Fault, ...Fault[]];
  /** Whether what it said before, or what was known below it, is served meanwhile. */
  readonly servesLastGood: boolean;
}

/** All redirect files as they were at one moment. */
export interface Snapshot {
  readonly catalog: Catalog;
  /** How many redirect files are good; one that another with its name passes over counts too. */
  readonly files: number;
  /** What is wrong, by the path of the file or directory, in no particular order. */
  readonly faults: ReadonlyMap<string, FileFault>;
  /** When the data directory was read; undefined as long as there was none to read. */
  readonly loadedAt: Date | undefined;
}

export const EMPTY_SNAPSHOT: Snapshot = {
  catalog: EMPTY_CATALOG,
  files: 0,
  faults: new Map(),
  loadedAt: undefined,
};

/** What one look round changed. */
export interface Outcome {
  readonly snapshot: Snapshot;
  readonly changes: readonly Change[];
  /** Faults that were not there before, by path. */
  readonly broken: readonly (readonly [string, FileFault])[];
  /** Paths that have no fault any more, be it that nothing is there. */
  readonly mended: readonly string[];
  /** Files that are passed over now and were not before. */
  readonly conflicts: readonly Conflict[];
}

/** What a path stands for in the snapshot. */
export interface Record {
  readonly repository: Repository | undefined;
  /** Of the content that says so. */
  readonly hash: bigint | undefined;
  readonly fault: FileFault | undefined;
}

export const NOTHING: Record = { repository: undefined, hash: undefined, fault: undefined };

/** What files say that said something good last: their last good state, with faults. */
export const withFaults = (last: Record, faults: FileFault["faults"]): Record => ({
  repository: last.repository,
  hash: last.hash,
  fault: { faults, servesLastGood: last.repository !== undefined },
});

/** What a file says that can be read. @param last what its path stood for */
export function ofContent(last: Record, parsed: Parsed, hash: bigint | undefined): Record {
  if (!parsed.ok) return withFaults(last, parsed.faults);
  const isSame = last.repository !== undefined && last.hash === hash;
  return { repository: isSame ? last.repository : parsed.repository, hash, fault: undefined };
}

/** Where redirect files are: what a ledger is kept of. */
export interface Source {
  /** Paths that may stand for something else than when they were last taken. */
  takeDirtyPaths(): Iterable<string>;
  /** @param recordAt what each path stood for until now */
  recordNow(path: string, recordAt: (path: string) => Record): Record;
  /** Whether there has ever been something to read. */
  hasBeenRead(): boolean;
}

/** How long requests wait for their turn at most, in ms. */
const SLICE_MS = 0.5;

export interface Ledger {
  snapshot(): Snapshot;
  /** Turns what a look round found into the next snapshot; undefined when nothing is different. */
  settle(now: Date): Promise<Outcome | undefined>;
}

const isGood = (record: Record): boolean => record.repository !== undefined && record.fault === undefined;

const textOf = (fault: FileFault | undefined): string =>
  fault === undefined ? "" : `${fault.servesLastGood}${fault.faults.map(describeFault).join("\n")}`;

/** Keeps the account of what each path said last, and makes snapshots of it. */
export function createLedger(source: Source): Ledger {
  const records = new Map<string, Record>();
  let snapshot = EMPTY_SNAPSHOT;

  const recordAt = (path: string): Record => records.get(path) ?? NOTHING;

  async function applied(changes: readonly Change[], pause: () => Promise<void> | undefined): Promise<Catalog> {
    const edit = editCatalog(snapshot.catalog);
    for (const change of changes) {
      edit.apply(change);
      await pause();
    }
    return edit.done();
  }

  async function newConflicts(
    catalog: Catalog,
    changes: readonly Change[],
    pause: () => Promise<void> | undefined,
  ): Promise<Conflict[]> {
    const found = new Map<string, Conflict>();
    const compared = new Set<string>();
    for (const { path, before, after } of changes) {
      for (const repository of [before, after]) {
        if (repository === undefined) continue;
        const { api, name } = repository;
        const serving = servedFrom(catalog, api, name);
        if (serving === undefined) continue;
        if (servedFrom(snapshot.catalog, api, name) === serving) {
          const isNew = repository === after && (before?.api !== api || before.name !== name);
          if (isNew && path !== serving) found.set(path, { path, servedFrom: serving, name });
        } else if (!compared.has(`${api} ${name}`)) {
          compared.add(`${api} ${name}`);
          for (const conflict of conflictsFor(catalog, api, name)) found.set(conflict.path, conflict);
        }
      }
      await pause();
    }
    return [...found.values()].sort((a, b) => comparePaths(a.path, b.path));
  }

  async function settle(now: Date): Promise<Outcome | undefined> {
    const pause = createPauses(SLICE_MS);
    const next: (readonly [string, Record, Record])[] = [];
    for (const path of source.takeDirtyPaths()) {
      const last = recordAt(path);
      const record = source.recordNow(path, recordAt);
      const isSame = record.repository === last.repository && textOf(record.fault) === textOf(last.fault);
      if (!isSame || record.hash !== last.hash) next.push([path, last, record]);
      await pause();
    }
    const isFirst = snapshot.loadedAt === undefined && source.hasBeenRead();
    if (next.length === 0 && !isFirst) return undefined;

    const changes: Change[] = [];
    const broken: (readonly [string, FileFault])[] = [];
    const mended: string[] = [];
    let { files, faults } = snapshot;
    for (const [path, last, record] of next) {
      await pause();
      if (record.repository === undefined && record.fault === undefined) records.delete(path);
      else records.set(path, record);
      files += Number(isGood(record)) - Number(isGood(last));
      if (record.repository !== last.repository)
        changes.push({ path, before: last.repository, after: record.repository });
      if (textOf(record.fault) === textOf(last.fault)) continue;
      if (record.fault === undefined) mended.push(path);
      else broken.push([path, record.fault]);
    }
    if (broken.length > 0 || mended.length > 0) faults = withFaultsOf(broken, mended);
    const catalog = await applied(changes, pause);
    const conflicts = await newConflicts(catalog, changes, pause);
    snapshot = { catalog, files, faults, loadedAt: source.hasBeenRead() ? now : snapshot.loadedAt };
    broken.sort(([a], [b]) => comparePaths(a, b));
    return { snapshot, changes, broken, mended, conflicts };
  }

  /** Costs as much as there are faults, and that only when one comes or goes. */
  function withFaultsOf(broken: Outcome["broken"], mended: Outcome["mended"]): Snapshot["faults"] {
    const faults = new Map([...snapshot.faults, ...broken]);
    for (const path of mended) faults.delete(path);
    return faults;
  }

  return { snapshot: () => snapshot, settle };
}
