import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import type { Log } from "../../log.ts";
import { codeOf, codeOrText, isAbsent } from "../../system-error.ts";

export interface WatchOptions {
  /** Asks for a scan of pending events. */
  readonly scanPending: () => void;
  readonly pollingInterval: number;
  readonly log: Log;
}

/**
 * Watches directories, one by one.
 *
 * @param onEvent is called with a directory and a name in it, which is empty when anything there may have changed
 */
export function createWatches(
  onEvent: (real: string, name: string) => void,
  { log, pollingInterval }: Omit<WatchOptions, "scanPending">,
) {
  const watched = new Map<string, { readonly watcher: FSWatcher; readonly identity: string | undefined }>();
  let hadTrouble = false;
  let isClosed = false;

  function reportTrouble(error: unknown, expectedCode: string): void {
    if (hadTrouble || isAbsent(error) || codeOf(error) === expectedCode) return;
    hadTrouble = true;
    const code = codeOrText(error);
    log.warn("the file system can't report all changes; they are found by polling", { code, pollingInterval });
  }

  function end(real: string): void {
    watched.get(real)?.watcher.close();
    watched.delete(real);
  }

  /**
   * Watches a directory, unless it is watched already.
   *
   * @param real its path, without links
   * @param identity where known: another directory at the same path is watched anew
   * @returns whether it was not watched before
   */
  function open(real: string, identity?: string): boolean {
    const known = watched.get(real);
    if (isClosed || (known !== undefined && (identity === undefined || known.identity === identity))) return false;
    // A second watch on a path shares the inode of the first one, so the first must end before.
    end(real);
    try {
      const watcher = watch(real, { persistent: false });
      watched.set(real, { watcher, identity });
      const isCurrent = () => watched.get(real)?.watcher === watcher;
      watcher.on("change", (_, name) => {
        if (!isCurrent()) return;
        // A directory that is moved or removed reports its own name. The watch follows the inode, so it would not see
        // a new directory at this path.
        const isItself = name === basename(real);
        if (isItself) end(real);
        onEvent(real, typeof name === "string" && !isItself ? name : "");
      });
      watcher.on("error", (error) => {
        if (!isCurrent()) return;
        end(real);
        reportTrouble(error, "EPERM");
        onEvent(real, "");
      });
      return true;
    } catch (error) {
      reportTrouble(error, "EACCES");
      return false;
    }
  }

  function close(): void {
    isClosed = true;
    for (const real of [...watched.keys()]) end(real);
  }

  return { open, end, close };
}
