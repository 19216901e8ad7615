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
import { describeFault, describeWarning, type FileFault, type Warning } from "../core/redirect-file/fault.ts";
import type { ParsedFile } from "../core/redirect-file/parse.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import { createPause, type Pause } from "../slices.ts";

/** All redirect files at one moment; it never changes. */
export interface Snapshot {
  readonly catalog: Catalog;
  /** Good redirect files, including those that are ignored because another one has their name. */
  readonly files: number;
  /** Errors by the path of the file or directory, in no order. */
  readonly faults: ReadonlyMap<string, FileFault>;
  /** Warnings of good files, by their path, in no order. */
  readonly warnings: ReadonlyMap<string, readonly Warning[]>;
  /** When it was read; undefined as long as the data directory or bucket could never be read. */
  readonly loadedAt: Date | undefined;
}

export const EMPTY_SNAPSHOT: Snapshot = {
  catalog: EMPTY_CATALOG,
  files: 0,
  faults: new Map(),
  warnings: new Map(),
  loadedAt: undefined,
};

/** The difference between two snapshots. */
export interface SnapshotChange {
  readonly snapshot: Snapshot;
  /** Whether nothing could be read before. */
  readonly isFirst: boolean;
  readonly changes: readonly Change[];
  /** New faults by path; undefined where there was a fault and is none any more. */
  readonly faults: readonly (readonly [path: string, FileFault | undefined])[];
  /** New warnings, in the same way. */
  readonly warnings: readonly (readonly [path: string, readonly Warning[] | undefined])[];
  /** New conflicts. */
  readonly conflicts: readonly Conflict[];
}

/** The content of one path, as a snapshot has it. */
export interface PathState {
  readonly repository: Repository | undefined;
  /** Hash of the content that describes the repository. */
  readonly hash: bigint | undefined;
  readonly fault: FileFault | undefined;
  readonly warnings: readonly Warning[] | undefined;
}

export const NOTHING: PathState = { repository: undefined, hash: undefined, fault: undefined, warnings: undefined };

/** Returns the last good state, with new faults. */
export const withFaults = (last: PathState, faults: FileFault["faults"]): PathState => ({
  ...last,
  fault: { faults, servesLastGood: last.repository !== undefined },
  warnings: undefined,
});

/** Returns the state of a path whose file could be read. @param last the state before */
export function stateOfContent(last: PathState, parsed: ParsedFile, hash: bigint | undefined): PathState {
  if (!parsed.ok) return withFaults(last, parsed.faults);
  const isSame = last.repository !== undefined && last.hash === hash;
  const warnings = parsed.warnings.length === 0 ? undefined : parsed.warnings;
  return { repository: isSame ? last.repository : parsed.repository, hash, fault: undefined, warnings };
}

/** A data directory or a bucket, as far as it has been scanned. */
export interface SnapshotSource {
  /** The path of the data directory or bucket as a whole. */
  readonly rootPath: string;
  /** Returns the paths whose state may have changed since the last call. */
  takeDirtyPaths(pause: Pause): Promise<Iterable<string>>;
  /** @param last the state of any path in the current snapshot */
  stateOf(path: string, last: (path: string) => PathState): PathState;
  /** Whether the root could ever be read. */
  hasBeenRead(): boolean;
}

export interface Snapshots {
  current(): Snapshot;
  /** Makes the next snapshot of the dirty paths; returns undefined when nothing is different. */
  next(): Promise<SnapshotChange | undefined>;
}

const isGood = ({ repository, fault }: PathState): boolean => repository !== undefined && fault === undefined;

const faultText = ({ fault }: PathState): string | undefined =>
  fault && `${fault.servesLastGood}${fault.faults.map(describeFault).join("\n")}`;

const warningText = ({ warnings }: PathState): string | undefined => warnings?.map(describeWarning).join("\n");

/** Returns a map with changed values; undefined removes a key. The map itself is returned when there are none. */
function updated<Value>(
  map: ReadonlyMap<string, Value>,
  changes: readonly (readonly [string, Value | undefined])[],
): ReadonlyMap<string, Value> {
  if (changes.length === 0) return map;
  const copy = new Map(map);
  for (const [key, value] of changes) {
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
  }
  return copy;
}

async function edited(catalog: Catalog, changes: readonly Change[], pause: Pause): Promise<Catalog> {
  const edit = editCatalog(catalog);
  for (const change of changes) {
    edit.apply(change);
    await pause();
  }
  return edit.done();
}

/** Returns the conflicts that `before` did not have. */
async function newConflicts(before: Catalog, after: Catalog, changes: readonly Change[], pause: Pause) {
  const found = new Map<string, Conflict>();
  const compared = new Set<string>();
  for (const change of changes) {
    for (const repository of [change.before, change.after]) {
      if (repository === undefined) continue;
      const { api, name } = repository;
      const serving = servedFrom(after, api, name);
      if (serving === undefined) continue;
      if (servedFrom(before, api, name) === serving) {
        const { path } = change;
        const isNew = repository === change.after && (change.before?.api !== api || change.before.name !== name);
        if (isNew && path !== serving) found.set(path, { path, servedFrom: serving, name });
      } else if (!compared.has(`${api} ${name}`)) {
        compared.add(`${api} ${name}`);
        for (const conflict of conflictsFor(after, api, name)) found.set(conflict.path, conflict);
      }
    }
    await pause();
  }
  return [...found.values()].sort((a, b) => comparePaths(a.path, b.path));
}

/** Makes the snapshots of a source, each from the one before. */
export function createSnapshots(source: SnapshotSource): Snapshots {
  const known = new Map<string, PathState>();
  let snapshot = EMPTY_SNAPSHOT;
  const last = (path: string): PathState => known.get(path) ?? NOTHING;

  async function next(): Promise<SnapshotChange | undefined> {
    const pause = createPause();
    // All states are determined before any is replaced, since some depend on the last state of other paths.
    const states: (readonly [path: string, before: PathState, after: PathState])[] = [];
    for (const path of await source.takeDirtyPaths(pause)) {
      states.push([path, last(path), source.stateOf(path, last)]);
      await pause();
    }
    const changes: Change[] = [];
    const faults: [string, FileFault | undefined][] = [];
    const warnings: [string, readonly Warning[] | undefined][] = [];
    let { files } = snapshot;
    for (const [path, before, after] of states) {
      if (after.repository === undefined && after.fault === undefined) known.delete(path);
      else known.set(path, after);
      files += Number(isGood(after)) - Number(isGood(before));
      if (after.repository !== before.repository)
        changes.push({ path, before: before.repository, after: after.repository });
      if (faultText(after) !== faultText(before)) faults.push([path, after.fault]);
      if (warningText(after) !== warningText(before)) warnings.push([path, after.warnings]);
      await pause();
    }
    const isFirst = snapshot.loadedAt === undefined;
    const isLoaded = isFirst && source.hasBeenRead();
    if (changes.length + faults.length + warnings.length === 0 && !isLoaded) return undefined;

    const before = snapshot.catalog;
    const catalog = await edited(before, changes, pause);
    snapshot = {
      catalog,
      files,
      faults: updated(snapshot.faults, faults),
      warnings: updated(snapshot.warnings, warnings),
      loadedAt: source.hasBeenRead() ? new Date() : snapshot.loadedAt,
    };
    for (const list of [faults, warnings]) list.sort(([a], [b]) => comparePaths(a, b));
    return {
      snapshot,
      isFirst,
      changes,
      faults,
      warnings,
      conflicts: await newConflicts(before, catalog, changes, pause),
    };
  }

  return { current: () => snapshot, next };
}
