import { readlink } from "node:fs/promises";
import { dirname, join } from "node:path";
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

type PathStep = { readonly kind: "link"; readonly to: string } | { readonly kind: "plain" | "missing" };

async function stepAt(path: string): Promise<PathStep> {
  try {
    return { kind: "link", to: await readlink(path) };
  } catch (error) {
    return { kind: codeOf(error) === "EINVAL" ? "plain" : "missing" };
  }
}

/** The names of a path, last first. */
const namesOf = (path: string): string[] =>
  path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .reverse();

/**
 * Makes a function that resolves paths. It remembers each step, so use it for one scan only.
 *
 * @returns a function of a directory without links in its path, and a path that begins there
 */
export function createResolver(): (directory: string, path: string) => Promise<SymlinkPath> {
  const known = new Map<string, Promise<PathStep>>();
  const lookUp = (path: string): Promise<PathStep> => {
    const step = known.get(path) ?? stepAt(path);
    known.set(path, step);
    return step;
  };
  return async (directory, path) => {
    const steps: string[] = [];
    let at = directory;
    let links = 0;
    const rest = namesOf(path);
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      if (name === "..") {
        at = dirname(at);
        continue;
      }
      const next = join(at, name);
      const step = await lookUp(next);
      if (step.kind !== "plain" || rest.length === 0) steps.push(next);
      if (step.kind === "missing" || links > MAX_LINKS) return { real: undefined, steps };
      if (step.kind === "link") {
        links++;
        if (step.to.startsWith("/")) at = "/";
        rest.push(...namesOf(step.to));
      } else at = next;
    }
    return { real: at, steps };
  };
}

/** @returns whether two paths lead to the same place through the same links */
export const isSamePath = (a: SymlinkPath | undefined, b: SymlinkPath | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.real === b.real && a.steps.join("\0") === b.steps.join("\0"));
