import { lookAt } from "./sight.ts";
import { type Entry, removeEntry, type Tree } from "./tree.ts";

/** Where something was moved to may be told this much later than that it is gone, and nobody may see neither, in ms. */
export const GONE_MS = 100;

/** Names that were found to be gone, and are not forgotten yet. */
interface Missing {
  /** A look begins: one at everything would have found a file that was moved, save that its directory is moved. */
  begin(isAtEverything: boolean): void;
  add(entry: Entry): void;
  /** It is there again; when it goes once more, that is a new time. */
  found(entry: Entry): void;
  isEmpty(): boolean;
  /** Those that have been gone for long enough; they are to be looked at once more. */
  takeDue(): readonly Entry[];
  /** Forgets those of them that have been added again. */
  forget(due: readonly Entry[]): Promise<void>;
}

export function createMissing(tree: Tree): Missing {
  const since = new Map<Entry, number>();
  let isAtEverything = false;
  return {
    begin: (everything) => {
      isAtEverything = everything;
    },
    add: (entry) => {
      const now = isAtEverything && entry.kind === "file" ? Number.NEGATIVE_INFINITY : performance.now();
      since.set(entry, since.get(entry) ?? now);
    },
    found: (entry) => void since.delete(entry),
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
