import {
  type Catalog,
  type Change,
  type Conflict,
  comparePaths,
  conflictsFor,
  EMPTY_CATALOG,
  editCatalog,
} from "../core/catalog/catalog.ts";
import type { FileFault, Warning } from "../core/redirect-file/fault.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import { createPause, type Pause } from "../slices.ts";
import type { ParsedContent } from "./parsing.ts";

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
  readonly hash: number | undefined;
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
export function stateOfContent(last: PathState, { parsed, hash }: ParsedContent): PathState {
  if (!parsed.ok) return withFaults(last, parsed.faults);
  const isSame = last.repository !== undefined && last.hash === hash;
  const warnings = parsed.warnings.length === 0 ? undefined : parsed.warnings;
  return { repository: isSame ? last.repository : parsed.repository, hash, fault: undefined, warnings };
}

interface Scanned {
  /** Whether the root could be read. */
  readonly isRead: boolean;
  /** The paths whose state may have changed since the last scan that ended. */
  readonly dirtyPaths: Iterable<string>;
  /** Time until everything is scanned again, in ms, if not the polling interval. */
  readonly scanAllIn?: number;
}

/** Redirect files that can be scanned again and again: a data directory, a bucket or image layouts. */
export interface RedirectSource {
  /** The path of the whole. */
  readonly rootPath: string;
  /** Time after which a registry starts though the first scan has not ended, in ms; without it, it waits. */
  readonly patience?: number;
  /** Scans all, or only what has pending events. @throws the reason of the signal */
  scan(everything: boolean, signal: AbortSignal): Promise<Scanned>;
  /** @param last the state of any path in the current snapshot */
  stateOf(path: string, last: (path: string) => PathState): PathState;
  close?(): void;
}

const isGood = ({ repository, fault }: PathState): boolean => repository !== undefined && fault === undefined;

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

/** Returns the conflicts that `before` did not have. */
async function newConflicts(before: Catalog, after: Catalog, changes: readonly Change[], pause: Pause) {
  const conflicts: Conflict[] = [];
  const compared = new Set<string>();
  for (const repository of changes.flatMap((change) => [change.before, change.after])) {
    await pause();
    const key = `${repository?.api} ${repository?.name}`;
    if (repository === undefined || compared.has(key)) continue;
    compared.add(key);
    const { api, name } = repository;
    const known = new Map<string, string>();
    for (const { path, servedFrom } of conflictsFor(before, api, name)) {
      known.set(path, servedFrom);
      await pause();
    }
    for (const conflict of conflictsFor(after, api, name)) {
      if (known.get(conflict.path) !== conflict.servedFrom) conflicts.push(conflict);
      await pause();
    }
  }
  return conflicts.sort((a, b) => comparePaths(a.path, b.path));
}

/** Makes the snapshots of a source, each from the one before. */
export function createSnapshots(source: RedirectSource) {
  const known = new Map<string, PathState>();
  let snapshot = EMPTY_SNAPSHOT;
  const last = (path: string): PathState => known.get(path) ?? NOTHING;

  /** Makes the next snapshot after a scan; returns undefined when nothing is different. */
  async function next({ isRead, dirtyPaths }: Scanned): Promise<SnapshotChange | undefined> {
    const pause = createPause();
    // All states are determined before any is replaced, since some depend on the last state of other paths.
    const states: (readonly [path: string, before: PathState, after: PathState])[] = [];
    for (const path of dirtyPaths) {
      states.push([path, last(path), source.stateOf(path, last)]);
      await pause();
    }
    const edit = editCatalog(snapshot.catalog);
    const changes: Change[] = [];
    const faults: [string, FileFault | undefined][] = [];
    const warnings: [string, readonly Warning[] | undefined][] = [];
    let { files } = snapshot;
    for (const [path, before, after] of states) {
      if (after.repository === undefined && after.fault === undefined) known.delete(path);
      else known.set(path, after);
      files += Number(isGood(after)) - Number(isGood(before));
      if (after.repository !== before.repository) {
        const change = { path, before: before.repository, after: after.repository };
        changes.push(change);
        edit.apply(change);
      }
      if (!Bun.deepEquals(after.fault, before.fault)) faults.push([path, after.fault]);
      if (!Bun.deepEquals(after.warnings, before.warnings)) warnings.push([path, after.warnings]);
      await pause();
    }
    const isFirst = snapshot.loadedAt === undefined;
    if (changes.length + faults.length + warnings.length === 0 && !(isFirst && isRead)) return undefined;

    const before = snapshot.catalog;
    snapshot = {
      catalog: edit.done(),
      files,
      faults: updated(snapshot.faults, faults),
      warnings: updated(snapshot.warnings, warnings),
      loadedAt: isFirst && !isRead ? undefined : new Date(),
    };
    for (const list of [faults, warnings]) list.sort(([a], [b]) => comparePaths(a, b));
    return {
      snapshot,
      isFirst,
      changes,
      faults,
      warnings,
      conflicts: await newConflicts(before, snapshot.catalog, changes, pause),
    };
  }

  return { current: () => snapshot, next };
}
