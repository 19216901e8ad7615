import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import { codeOf } from "./sight.ts";

/** Watches directories, one by one. What it tells is a hint: the truth is what a look at the place finds. */
export interface Watches {
  /**
   * Begins to watch a directory, unless it is watched already.
   *
   * @param real its path, without links
   * @param identity device and inode where known: another directory at the same path is watched anew
   * @returns whether the watch is new
   */
  open(real: string, identity: string | undefined): boolean;
  /** Ends the watches of all other directories. */
  retain(isWanted: (real: string) => boolean): void;
  close(): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string | undefined;
}

/**
 * @param onEvent told of a name in a directory, or of the empty name when it may be anything there
 * @param onTrouble told once why directories can't be watched: polling must do
 */
export function createWatches(
  onEvent: (real: string, name: string) => void,
  onTrouble: (code: string) => void,
): Watches {
  const watched = new Map<string, Watched>();
  let isTroubled = false;
  let isClosed = false;

  const complain = (code: string) => {
    if (!isTroubled) onTrouble(code);
    isTroubled = true;
  };
  const end = (real: string) => {
    watched.get(real)?.watcher.close();
    watched.delete(real);
  };

  function begin(real: string, identity: string | undefined): boolean {
    let watcher: FSWatcher;
    try {
      watcher = watch(real, { persistent: false });
    } catch (error) {
      const code = codeOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EACCES") complain(code);
      return false;
    }
    watched.set(real, { watcher, identity });
    const isCurrent = () => watched.get(real)?.watcher === watcher;
    watcher.on("change", (_, name) => {
      if (!isCurrent()) return;
      // A directory that is moved or removed tells its own name. Its inode is what is watched, so a new directory
      // at this path, even with the same inode number, would go unseen.
      if (name === basename(real)) end(real);
      onEvent(real, typeof name === "string" && name !== basename(real) ? name : "");
    });
    watcher.on("error", (error) => {
      if (!isCurrent()) return;
      end(real);
      if (!["ENOENT", "ENOTDIR", "EPERM"].includes(codeOf(error))) complain(codeOf(error));
      onEvent(real, "");
    });
    return true;
  }

  return {
    open: (real, identity) => {
      if (isClosed) return false;
      const known = watched.get(real);
      if (known !== undefined) {
        if (known.identity === identity || identity === undefined) return false;
        // A second watch on a path shares the first one's inode, so the first must go before.
        end(real);
      }
      return begin(real, identity);
    },
    retain: (isWanted) => {
      for (const real of watched.keys()) if (!isWanted(real)) end(real);
    },
    close: () => {
      isClosed = true;
      for (const real of [...watched.keys()]) end(real);
    },
  };
}
