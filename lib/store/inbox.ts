import type { Places, Steps } from "./places.ts";
import type { Hints } from "./scan.ts";
import type { Tree } from "./tree.ts";

/**
 * Bun keeps to itself an event that repeats the one before it, of the same kind and name, within a millisecond. So what
 * is looked at sooner than this after an event may change once more unheard, in ms.
 */
const SETTLING_MS = 5;

/** What happened and nobody has looked at yet. */
interface Inbox {
  setPlaces(places: Places): void;
  /** @returns whether it concerns redirect files */
  put(real: string, name: string): boolean;
  /** What happened since the last time. */
  take(): Hints | undefined;
  /** The same, and what was taken too soon after it happened to be sure of it. */
  takeAgain(): Hints | undefined;
  /** Whether `takeAgain` would have something. */
  isWaiting(): boolean;
}

interface Gathered {
  readonly names: Map<string, Set<string>>;
  everything: boolean;
  links: boolean;
}

const nothing = (): Gathered => ({ names: new Map(), everything: false, links: false });

const isNothing = ({ names, everything, links }: Gathered): boolean => names.size === 0 && !everything && !links;

function addName(to: Gathered, real: string, name: string): void {
  const known = to.names.get(real);
  if (known === undefined) to.names.set(real, new Set([name]));
  else known.add(name);
}

function add(to: Gathered, more: Gathered): void {
  for (const [real, names] of more.names) for (const name of names) addName(to, real, name);
  to.everything ||= more.everything;
  to.links ||= more.links;
}

/**
 * Gathers what happens until somebody looks.
 *
 * @param now a clock that never goes back, in ms
 */
export function createInbox(tree: Tree, now: () => number = () => performance.now()): Inbox {
  let gathered = nothing();
  let tooSoon = nothing();
  let lastPut = Number.NEGATIVE_INFINITY;
  let places: Places | undefined;

  const take = (): Hints | undefined => {
    const taken = gathered;
    gathered = nothing();
    if (now() - lastPut < SETTLING_MS) add(tooSoon, taken);
    return isNothing(taken) ? undefined : taken;
  };
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
      if (isWalked) addName(gathered, real, name);
      gathered.everything ||= isOnWay;
      gathered.links ||= isOnLink;
      if (!isWalked && !isOnWay && !isOnLink) return false;
      lastPut = now();
      return true;
    },
    take,
    takeAgain: () => {
      add(gathered, tooSoon);
      tooSoon = nothing();
      return take();
    },
    isWaiting: () => !isNothing(gathered) || !isNothing(tooSoon),
  };
}
