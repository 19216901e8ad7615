import { lookAt } from "./sight.ts";
import { type Entry, removeEntry, type Tree } from "./tree.ts";

/** Where something was moved to may be told this much later than that it is gone, and nobody may see neither, in ms. */
const GONE_MS = 100;

/** Names that were found to be gone, and are not forgotten yet. */
interface Missing {
  /** A look begins: one at everything would have found what was moved. */
  begin(isAtEverything: boolean): void;
  add(entry: Entry): void;
  isEmpty(): boolean;
  /** Those that have been gone for long enough; they are to be looked at once more. */
  takeDue(): readonly Entry[];
  /** Forgets those of them that have been added again. */
  forget(due: readonly Entry[]): Promise<void>;
}

export function createMissing(tree: Tree): Missing {
  const since = new Map<Entry, number>();
  let now = 0;
  return {
    begin: (isAtEverything) => {
      now = isAtEverything ? Number.NEGATIVE_INFINITY : performance.now();
    },
    add: (entry) => void since.set(entry, since.get(entry) ?? now),
    isEmpty: () => since.size === 0,
    takeDue: () => {
      const latest = performance.now() - GONE_MS;
      const due = [...since].filter(([, at]) => at <= latest).map(([entry]) => entry);
      for (const entry of due) since.delete(entry);
      return due;
    },
    forget: async (due) => {
      // With the data directory away, unmounted or moved, nothing in it is known to be removed.
      const sight = await lookAt(tree.rootPath);
      const isThere = sight.kind === "directory" && sight.identity === tree.root?.identity;
      for (const entry of due) {
        if (!since.delete(entry) || !isThere || entry.directory.entries.get(entry.name) !== entry) continue;
        if (entry.trail !== undefined) tree.placesChanged = true;
        removeEntry(tree, entry);
      }
    },
  };
}
