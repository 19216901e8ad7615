/**
 * A directory of redirect files. What happens when a file changes: an event names a path, which is pending until the
 * next scan (here); the scan looks at it (scan.ts), the tree takes what was found and marks paths as dirty (tree.ts),
 * and the next snapshot is made of the state of these paths (../snapshots.ts).
 */
import { dirname, resolve } from "node:path";
import type { ScannedSource } from "../follow.ts";
import { NOTHING, type PathState, stateOfContent, withFaults } from "../snapshots.ts";
import { entryAt, formerPaths, takeDirtyPaths } from "./first-paths.ts";
import { createPending } from "./pending.ts";
import { type ScanScope, scan } from "./scan.ts";
import { statAt } from "./stat.ts";
import { below, createTree, type DirectoryEntry, type DirectoryTree, eachOf, removeEntry } from "./tree.ts";
import { createWatches } from "./watch.ts";

/** Reports of changes by the file system. */
interface WatchDirectoryOptions {
  /** Asks for a scan of pending events. */
  readonly scanPending: () => void;
  /** Is called once with the reason why directories can't be watched. */
  readonly onTrouble: (code: string) => void;
}

/** The two events of a move may come this far apart, in ms: until then, a name that was not found is kept. */
const MOVE_MS = 100;
/** Number of times that a scan of everything waits for moves. */
const MAX_WAITS = 2;
/** Interval at which a missing data directory is looked for, in ms. */
const MISSING_ROOT_MS = 1000;
/** Scans in a row until a snapshot is made, however much goes on changing. */
const MAX_ROUNDS = 4;

/** Returns the state of a path; see {@link PathState}. */
function stateOf(tree: DirectoryTree, path: string, last: (path: string) => PathState): PathState {
  const isRoot = path === tree.rootPath;
  const entry = isRoot ? undefined : entryAt(tree, path);
  const target = isRoot ? tree.root : entry?.target;
  if (target?.kind === "file") {
    if (target.path !== path) return NOTHING;
    const { parsed, hash } = target.content;
    let before = last(path);
    if (!parsed.ok)
      for (const former of formerPaths(target)) if (before.repository === undefined) before = last(former);
    return stateOfContent(before, parsed, hash);
  }
  const fault = (isRoot ? tree.rootFault : entry?.fault) ?? (target?.path === path ? target.fault : undefined);
  if (fault === undefined) return NOTHING;
  if (target === undefined) return withFaults(last(path), [fault]);
  return { ...NOTHING, fault: { faults: [fault], servesLastGood: target.entries.size > 0 } };
}

/** Returns the links that share a step with one that leads elsewhere now: they may have been resolved before that. */
function takeLinksToRescan(tree: DirectoryTree): ReadonlySet<DirectoryEntry> {
  const links = new Set(tree.movedLinks);
  for (const { link } of tree.movedLinks)
    for (const step of link?.steps.slice(1) ?? [])
      for (const entry of eachOf(tree.linksThrough.get(step))) links.add(entry);
  tree.movedLinks.clear();
  return links;
}

/**
 * Makes the source of a data directory; nothing is read yet.
 *
 * @param pollingInterval in seconds
 * @param watch without it, changes are found by scanning only
 */
export function createDirectory(
  dataDir: string,
  pollingInterval: number,
  watch?: WatchDirectoryOptions,
): ScannedSource {
  const tree = createTree(resolve(dataDir));
  const pending = createPending(watch?.scanPending ?? (() => {}));
  const watches = watch === undefined ? undefined : createWatches(onEvent, watch.onTrouble);
  let hasOldWatches = false;

  const isRootStep = (path: string): boolean =>
    tree.rootLink?.steps.some((step) => step === path || dirname(step) === path) === true;

  function onEvent(real: string, name: string): void {
    const path = name === "" ? real : below(real, name);
    if (tree.directories.has(real) || tree.linksThrough.has(path) || isRootStep(path)) pending.add(path);
  }

  /** Scans until nothing changes meanwhile, so that a snapshot shows one moment, as when links are swapped together. */
  async function scanUntilStable(first: ScanScope, signal: AbortSignal): Promise<void> {
    const watchDirectory = (real: string, identity?: string) => watches?.open(real, identity);
    let scope = first;
    for (let round = 1; ; round++) {
      await scan(scope, { tree, watchDirectory, signal });
      const links = takeLinksToRescan(tree);
      for (const { link } of links) for (const step of link?.steps ?? []) watchDirectory(dirname(step));
      hasOldWatches ||= links.size > 0 || tree.isShapeDirty;
      if (round === MAX_ROUNDS || (links.size === 0 && !pending.hasNew())) return;
      scope = scopeOf(pending.take(), links);
    }
  }

  const scopeOf = (paths: ReadonlySet<string>, links: Iterable<DirectoryEntry> = []): ScanScope => ({
    everything: [...paths].some(isRootStep),
    paths,
    links,
  });

  /** Removes the names that were not found for long enough, and are not found now. */
  async function removeMissing(everything: boolean, signal: AbortSignal): Promise<void> {
    // A scan of everything would have found a file that was moved, unless its whole directory was.
    const isDue = ({ target }: DirectoryEntry, since: number) =>
      since <= performance.now() - MOVE_MS || (everything && target?.kind !== "directory");
    const due = [...tree.missing].filter(([entry, since]) => isDue(entry, since)).map(([entry]) => entry);
    if (due.length === 0) return;
    await scanUntilStable(scopeOf(new Set(due.map(({ directory, name }) => below(directory.real, name)))), signal);
    // With the data directory unmounted or moved, all names are missing, and none of them is known to be removed.
    const root = await statAt(tree.rootPath);
    const isThere = root.kind === "directory" && root.identity === tree.root?.identity;
    for (const entry of due) {
      if (tree.missing.has(entry) && isThere) removeEntry(tree, entry);
      tree.missing.delete(entry);
    }
    hasOldWatches = true;
  }

  return {
    rootPath: tree.rootPath,
    scan: async (wantsAll, signal) => {
      const scope = scopeOf(pending.take());
      const everything = wantsAll || scope.everything;
      await scanUntilStable({ ...scope, everything }, signal);
      await removeMissing(everything, signal);
      for (let waits = 0; everything && waits < MAX_WAITS && tree.missing.size > 0; waits++) {
        await Bun.sleep(MOVE_MS);
        await scanUntilStable(scopeOf(pending.take()), signal);
        await removeMissing(everything, signal);
      }
      if (!pending.isEmpty()) pending.burst();
      else if (tree.missing.size > 0) pending.scanIn(MOVE_MS);
      const isRead = tree.rootFault === undefined;
      return isRead ? { isRead } : { isRead, scanAllIn: Math.min(pollingInterval * 1000, MISSING_ROOT_MS) };
    },
    takeDirtyPaths: async (pause) => {
      const paths = await takeDirtyPaths(tree, pause);
      if (hasOldWatches)
        watches?.retain((real) => tree.directories.has(real) || tree.linksThrough.has(real) || isRootStep(real));
      hasOldWatches = false;
      return paths;
    },
    stateOf: (path, last) => stateOf(tree, path, last),
    hasBeenRead: () => tree.root !== undefined,
    close: () => {
      pending.stop();
      watches?.close();
    },
  };
}
