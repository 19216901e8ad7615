/**
 * A directory of redirect files. What happens when a file changes: an event names a path, which is pending until the
 * next scan (here); the scan looks at it (scan.ts), the tree takes what was found and marks paths as dirty (tree.ts),
 * and the next snapshot is made of the state of these paths (../snapshots.ts).
 */
import { resolve } from "node:path";
import { NOTHING, type PathState, type RedirectSource, stateOfContent, withFaults } from "../snapshots.ts";
import { entryAt, pathsOf, takeDirtyPaths } from "./names.ts";
import { createPending } from "./pending.ts";
import { scan } from "./scan.ts";
import { identityAt } from "./stat.ts";
import { below, createTree, type DirectoryEntry, type DirectoryTree, realPathOf, removeEntry } from "./tree.ts";
import { createWatches, type WatchOptions } from "./watch.ts";

/** The two events of a move may come this far apart, in ms: until then, a name that was not found is kept. */
const MOVE_MS = 100;
/** Number of times that a scan of everything is repeated because names are missing. */
const MAX_REPEATS = 2;
/** Time after which a missing data directory is looked for again, in ms. */
const MISSING_ROOT_MS = 1000;

/** Returns the state of a path; see {@link PathState}. */
function stateOf(tree: DirectoryTree, path: string, last: (path: string) => PathState): PathState {
  const { target, fault } = entryAt(tree, path) ?? {};
  if (target?.kind === "file") {
    if (target.path !== path) return NOTHING;
    const { content, formerPath = path } = target;
    // A broken file may have been good under another path.
    const paths = content.parsed.ok ? [path] : [path, formerPath, ...pathsOf(target)];
    return stateOfContent(paths.map(last).find(({ repository }) => repository !== undefined) ?? last(path), content);
  }
  if (fault === undefined) return NOTHING;
  if (target === undefined) return withFaults(last(path), [fault]);
  return { ...NOTHING, fault: { faults: [fault], servesLastGood: target.entries.size > 0 } };
}

/** Makes the source of a data directory; nothing is read yet. @param watch without it, only scans find changes */
export function createDirectory(dataDir: string, watch?: WatchOptions): RedirectSource {
  const tree = createTree(resolve(dataDir));
  const pending = createPending(() => watch?.scanPending());
  const watches = watch && createWatches(onEvent, watch);

  function onEvent(real: string, name: string): void {
    const path = name === "" ? real : below(real, name);
    if (tree.directories.has(real) || tree.linksThrough.has(path)) pending.add(path);
  }

  /** Scans, and removes the names that were missing before and still are. */
  async function scanAndRemove(
    everything: boolean,
    missing: ReadonlyMap<DirectoryEntry, number>,
    signal: AbortSignal,
  ): Promise<void> {
    const paths = [...(everything ? [tree.rootPath] : []), ...pending.take(), ...[...missing.keys()].map(realPathOf)];
    await scan(paths, { tree, watchDirectory: watches?.open ?? (() => false), signal });
    if (missing.size === 0) return;
    // With the data directory unmounted or moved, all names are missing, and none of them is known to be removed.
    const root = tree.root.target;
    const isThere = root?.kind === "directory" && root.identity === (await identityAt(tree.rootPath));
    for (const [entry, since] of missing) {
      if (tree.missing.get(entry) !== since) continue;
      if (isThere) removeEntry(tree, entry);
      else tree.missing.delete(entry);
    }
  }

  return {
    rootPath: tree.rootPath,
    scan: async (everything, signal) => {
      const isDue = (since: number) => since <= performance.now() - MOVE_MS;
      await scanAndRemove(everything, new Map([...tree.missing].filter(([, since]) => isDue(since))), signal);
      for (let repeats = 0; everything && repeats < MAX_REPEATS && tree.missing.size > 0; repeats++) {
        // A second scan of everything finds a file that was moved during the first, unless its directory was moved.
        if ([...tree.missing.keys()].some(({ target }) => target?.kind === "directory")) await Bun.sleep(MOVE_MS);
        await scanAndRemove(true, new Map(tree.missing), signal);
      }
      if (tree.missing.size > 0) pending.scanIn(MOVE_MS);
      const dirtyPaths = await takeDirtyPaths(tree);
      for (const real of tree.released)
        if (!tree.directories.has(real) && !tree.linksThrough.has(real)) watches?.end(real);
      tree.released.clear();
      const isRead = tree.root.fault === undefined;
      return { isRead, dirtyPaths, ...(!isRead && { scanAllIn: MISSING_ROOT_MS }) };
    },
    stateOf: (path, last) => stateOf(tree, path, last),
    close: () => {
      pending.stop();
      watches?.close();
    },
  };
}
