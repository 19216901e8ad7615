import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../system-error.ts";

/** A resolved path with symbolic links: when one of the steps changes, it may lead elsewhere. */
export interface SymlinkPath {
  /** Its end, without links; undefined when it leads nowhere. */
  readonly real: string | undefined;
  /** Real paths: the links that were followed, and the end, or the first that was missing. */
  readonly steps: readonly string[];
}

/** The limit of Linux. */
const MAX_LINKS = 40;

/** Returns where a link leads; undefined for anything else, and null when nothing is there. */
const stepAt = (path: string): Promise<string | undefined | null> =>
  readlink(path).catch((error) => (codeOf(error) === "EINVAL" ? undefined : null));

export type Resolver = ReturnType<typeof createResolver>;

/**
 * Makes a function that resolves paths. It looks at each step once, so that all paths through a link lead to the same
 * place, even if the link is swapped meanwhile.
 *
 * @returns a function of a directory without links in its path, and a path that begins there
 */
export function createResolver(): (directory: string, path: string) => Promise<SymlinkPath> {
  const known = new Map<string, ReturnType<typeof stepAt>>();
  return async (directory, path) => {
    const steps: string[] = [];
    let at = directory;
    /** The names to come, last first. */
    const rest: string[] = [];
    const follow = (to: string): void => {
      if (to.startsWith("/")) at = "/";
      rest.push(...to.split("/").reverse());
    };
    follow(path);
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      const next = join(at, name);
      // A step up, or none.
      if (at.startsWith(next)) {
        at = next;
        continue;
      }
      const step = known.get(next) ?? stepAt(next);
      known.set(next, step);
      const to = await step;
      if (to !== undefined) steps.push(next);
      if (to === null || steps.length > MAX_LINKS) return { real: undefined, steps };
      if (to === undefined) at = next;
      else follow(to);
    }
    return { real: at, steps: [...steps, at] };
  };
}
