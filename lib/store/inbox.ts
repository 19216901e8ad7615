import type { Places, Steps } from "./places.ts";
import type { Hints } from "./scan.ts";
import type { Tree } from "./tree.ts";

/** What happened and nobody has looked at yet. */
interface Inbox {
  setPlaces(places: Places): void;
  /** @returns whether it concerns redirect files */
  put(real: string, name: string): boolean;
  take(): Hints | undefined;
}

/** Gathers what happens until somebody looks. */
export function createInbox(tree: Tree): Inbox {
  let names = new Map<string, Set<string>>();
  let everything = false;
  let links = false;
  let places: Places | undefined;
  return {
    setPlaces: (next: Places) => {
      places = next;
    },
    put: (real: string, name: string): boolean => {
      const concerns = (steps: Steps | undefined): boolean => {
        const known = steps?.get(real);
        return known !== undefined && (name === "" || known.has(name));
      };
      const isWalked = tree.byReal.has(real);
      const isOnWay = concerns(places?.toRoot);
      const isOnLink = concerns(places?.alongLinks);
      if (isWalked) {
        const known = names.get(real);
        if (known === undefined) names.set(real, new Set([name]));
        else known.add(name);
      }
      everything ||= isOnWay;
      links ||= isOnLink;
      return isWalked || isOnWay || isOnLink;
    },
    take: (): Hints | undefined => {
      if (names.size === 0 && !everything && !links) return undefined;
      const hints = { everything, names, links };
      names = new Map();
      everything = false;
      links = false;
      return hints;
    },
  };
}
