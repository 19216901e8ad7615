import { readlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "./sight.ts";

/** A name that was looked up in a directory on the way along a link. */
export interface Step {
  /** Without links in it. */
  readonly directory: string;
  readonly name: string;
}

/** How a path was resolved: who changes one of the steps changes where it leads. */
export interface Trail {
  /** Where it ends, without links; undefined when it leads nowhere. */
  readonly real: string | undefined;
  /** The links that were followed, and last the name that was found, or the first that was missing. */
  readonly steps: readonly Step[];
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

type Target =
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "plain" }
  | { readonly kind: "missing" };

async function targetOf(path: string): Promise<Target> {
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

/** Follows paths; what was seen on the way is remembered, so use it for one look round only. */
export function createTrails(): (directory: string, path: string) => Promise<Trail> {
  const seen = new Map<string, Promise<Target>>();
  const lookUp = (path: string): Promise<Target> => {
    const known = seen.get(path);
    if (known !== undefined) return known;
    const target = targetOf(path);
    seen.set(path, target);
    return target;
  };

  /** @param directory where `path` starts, without links in it */
  return async (directory, path) => {
    const steps: Step[] = [];
    let at = directory;
    let links = 0;
    const rest = namesOf(path);
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      if (name === "..") {
        at = dirname(at);
        continue;
      }
      const next = join(at, name);
      const target = await lookUp(next);
      if (target.kind !== "plain" || rest.length === 0) steps.push({ directory: at, name });
      if (target.kind === "missing" || links > MAX_LINKS) return { real: undefined, steps };
      if (target.kind === "plain") {
        at = next;
        continue;
      }
      links++;
      if (target.to.startsWith("/")) at = "/";
      rest.push(...namesOf(target.to));
    }
    return { real: at, steps };
  };
}

/** @returns whether two trails are the same way to the same place */
export function isSameTrail(a: Trail | undefined, b: Trail | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.real === b.real &&
    a.steps.length === b.steps.length &&
    a.steps.every((step, at) => step.directory === b.steps[at]?.directory && step.name === b.steps[at]?.name)
  );
}
