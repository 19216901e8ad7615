import type { Trail } from "./trail.ts";
import type { Tree } from "./tree.ts";

/** Which names in which real directories matter, beside what is in the directories that are walked. */
export type Steps = ReadonlyMap<string, ReadonlySet<string>>;

/** Where changes are to be expected. */
export interface Places {
  /** On the way to the data directory: a change there may change everything. */
  readonly toRoot: Steps;
  /** On the way along links. */
  readonly alongLinks: Steps;
}

function stepsOf(trails: Iterable<Trail | undefined>): Steps {
  const steps = new Map<string, Set<string>>();
  for (const trail of trails)
    for (const { directory, name } of trail?.steps ?? []) {
      const names = steps.get(directory);
      if (names === undefined) steps.set(directory, new Set([name]));
      else names.add(name);
    }
  return steps;
}

/** @returns the places that lie on the way to what was found */
export function placesOf(tree: Tree): Places {
  const links = [...tree.links].map((link) => link.trail);
  return { toRoot: stepsOf([tree.rootTrail]), alongLinks: stepsOf(links) };
}
