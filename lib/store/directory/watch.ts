import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import { codeOf, codeOrText, isAbsent } from "../../system-error.ts";

/** Watches directories, one by one. */
export interface Watches {
  /**
   * Watches a directory, unless it is watched already.
   *
   * @param real its path, without links
   * @param identity where known: another directory at the same path is watched anew
   */
  open(real: string, identity?: string): void;
  /** Ends the watches of all other directories. */
  retain(isWanted: (real: string) => boolean): void;
  close(): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string | undefined;
}

/**
 * @param onEvent is called with a directory and a name in it, which is empty when anything there may have changed
 * @param onTrouble is called once with the reason why directories can't be watched
 */
export function createWatches(
  onEvent: (real: string, name: string) => void,
  onTrouble: (code: string) => void,
): Watches {
  const watched = new Map<string, Watched>();
  let hadTrouble = false;
  let isClosed = false;

  function report(code: string): void {
    if (!hadTrouble) onTrouble(code);
    hadTrouble = true;
  }
  function end(real: string): void {
    watched.get(real)?.watcher.close();
    watched.delete(real);
  }
  function begin(real: string, identity: string | undefined): void {
    let watcher: FSWatcher;
    try {
      watcher = watch(real, { persistent: false });
    } catch (error) {
      if (!isAbsent(error) && codeOf(error) !== "EACCES") report(codeOrText(error));
      return;
    }
    watched.set(real, { watcher, identity });
    const isCurrent = () => watched.get(real)?.watcher === watcher;
    watcher.on("change", (_, name) => {
      if (!isCurrent()) return;
      // A directory that is moved or removed reports its own name. The watch follows the inode, so it would not see
      // a new directory at this path.
      if (name === basename(real)) end(real);
      onEvent(real, typeof name === "string" && name !== basename(real) ? name : "");
    });
    watcher.on("error", (error) => {
      if (!isCurrent()) return;
      end(real);
      if (!isAbsent(error) && codeOf(error) !== "EPERM") report(codeOrText(error));
      onEvent(real, "");
    });
  }

  return {
    open: (real, identity) => {
      if (isClosed) return;
      const known = watched.get(real);
      if (known !== undefined) {
        if (known.identity === identity || identity === undefined) return;
        // A second watch on a path shares the inode of the first one, so the first must end before.
        end(real);
      }
      begin(real, identity);
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
