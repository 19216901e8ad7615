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
import { createPause, type Pause } from "./slices.ts";

/** The errors of a file or a directory. */
export interface FileFault {
  readonly faults: readonly [Fault, ...Fault[]];
  /** Whether the last good content, of the file or below the directory, is still served. */
  readonly servesLastGood: boolean;
}

/** All redirect files at one moment; it never changes. */
export interface Snapshot {
  readonly catalog: Catalog;
  /** Good redirect files, including those that are ignored because another one has their name. */
  readonly files: number;
  /** Errors by the path of the file or directory, in no order. */
  readonly faults: ReadonlyMap<string, FileFault>;
  /** When it was read; undefined as long as the data directory or bucket could never be read. */
  readonly loadedAt: Date | undefined;
}

export const EMPTY_SNAPSHOT: Snapshot = { catalog: EMPTY_CATALOG, files: 0, faults: new Map(), loadedAt: undefined };

/** The difference between two snapshots. */
export interface SnapshotChange {
  readonly snapshot: Snapshot;
  /** Whether nothing could be read before. */
  readonly isFirst: boolean;
  readonly changes: readonly Change[];
  /** New faults, by path. */
  readonly broken: readonly (readonly [string, FileFault])[];
  /** Paths without a fault that had one; there may be nothing at them any more. */
  readonly mended: readonly string[];
  /** New conflicts. */
  readonly conflicts: readonly Conflict[];
}

/** The content of one path, as a snapshot has it. */
export interface PathState {
  readonly repository: Repository | undefined;
  /** Of the content that describes the repository. */
  readonly hash: bigint | undefined;
  readonly fault: FileFault | undefined;
}

export const NOTHING: PathState = { repository: undefined, hash: undefined, fault: undefined };

/** Returns the last good state, with new faults. */
export const withFaults = (last: PathState, faults: FileFault["faults"]): PathState => ({
  ...last,
  fault: { faults, servesLastGood: last.repository !== undefined },
});

/** Returns the state of a path whose file could be read. @param last the state before */
export function stateOfContent(last: PathState, parsed: Parsed, hash: bigint | undefined): PathState {
  if (!parsed.ok) return withFaults(last, parsed.faults);
  const isSame = last.repository !== undefined && last.hash === hash;
  return { repository: isSame ? last.repository : parsed.repository, hash, fault: undefined };
}

/** A data directory or a bucket, as far as it has been scanned. */
export interface Source {
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

/** How long requests wait at most, in ms. */
const SLICE_MS = 0.5;

const isGood = ({ repository, fault }: PathState): boolean => repository !== undefined && fault === undefined;

const textOf = (fault: FileFault | undefined): string =>
  fault === undefined ? "" : `${fault.servesLastGood}${fault.faults.map(describeFault).join("\n")}`;

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
export function createSnapshots(source: Source): Snapshots {
  const states = new Map<string, PathState>();
  let snapshot = EMPTY_SNAPSHOT;
  const last = (path: string): PathState => states.get(path) ?? NOTHING;

  async function differences(pause: Pause) {
    const found: { readonly path: string; readonly before: PathState; readonly after: PathState }[] = [];
    for (const path of await source.takeDirtyPaths(pause)) {
      const before = last(path);
      const after = source.stateOf(path, last);
      if (after.repository !== before.repository || textOf(after.fault) !== textOf(before.fault))
        found.push({ path, before, after });
      await pause();
    }
    return found;
  }

  async function next(): Promise<SnapshotChange | undefined> {
    const pause = createPause(SLICE_MS);
    const found = await differences(pause);
    const isFirst = snapshot.loadedAt === undefined;
    if (found.length === 0 && !(isFirst && source.hasBeenRead())) return undefined;

    const changes: Change[] = [];
    const broken: (readonly [string, FileFault])[] = [];
    const mended: string[] = [];
    let { files, faults } = snapshot;
    for (const { path, before, after } of found) {
      if (after.repository === undefined && after.fault === undefined) states.delete(path);
      else states.set(path, after);
      files += Number(isGood(after)) - Number(isGood(before));
      if (after.repository !== before.repository)
        changes.push({ path, before: before.repository, after: after.repository });
      if (textOf(after.fault) !== textOf(before.fault)) {
        if (after.fault === undefined) mended.push(path);
        else broken.push([path, after.fault]);
      }
      await pause();
    }
    if (broken.length > 0 || mended.length > 0) {
      const left = new Map([...faults, ...broken]);
      for (const path of mended) left.delete(path);
      faults = left;
    }
    const catalog = await edited(snapshot.catalog, changes, pause);
    const conflicts = await newConflicts(snapshot.catalog, catalog, changes, pause);
    snapshot = { catalog, files, faults, loadedAt: source.hasBeenRead() ? new Date() : snapshot.loadedAt };
    broken.sort(([a], [b]) => comparePaths(a, b));
    return { snapshot, isFirst, changes, broken, mended, conflicts };
  }

  return { current: () => snapshot, next };
}
