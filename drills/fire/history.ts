/** How long after a change the state before it may still be served, in ms: much, for a machine with other work. */
export const STALE_MS = 5000;

/** A request about one repository, at the moment that it is sent. */
export interface Asked {
  readonly at: number;
  /** The newest state that an answer had shown by then: nobody may be shown an older one. */
  readonly floor: number;
}

/** What one repository said when: the judge of answers. Undefined stands for a repository that is not there. */
export interface History {
  /** What it says now. */
  current(): number | undefined;
  /** The last generation that it had, there or not. */
  newest(): number;
  /** @param make changes the files so that they say it */
  change(generation: number | undefined, make: () => void): void;
  ask(): Asked;
  /** Whether an answer that arrives now may say so. @param saysSo whether it could have come of that generation */
  mayBe(asked: Asked, saysSo: (generation: number | undefined) => boolean): boolean;
}

interface State {
  readonly generation: number | undefined;
  /** When it was begun to be written, and when the next one had been. */
  readonly since: number;
  until: number;
}

/** @param generation what the repository's file says from the start */
export function createHistory(generation: number | undefined): History {
  const states: State[] = [{ generation, since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }];
  let newest = 0;
  let last = generation ?? 0;
  return {
    current: () => states.at(-1)?.generation,
    newest: () => last,
    change(next, make) {
      last = next ?? last;
      const former = states.at(-1);
      states.push({ generation: next, since: performance.now(), until: Number.POSITIVE_INFINITY });
      make();
      if (former !== undefined) former.until = performance.now();
    },
    ask: () => ({ at: performance.now(), floor: newest }),
    mayBe({ at, floor }, saysSo) {
      let oldest: number | undefined;
      for (let index = states.length - 1; index >= floor; index--) {
        const state = states[index];
        if (state === undefined || state.until + STALE_MS < at) break;
        if (saysSo(state.generation)) oldest = index;
      }
      if (oldest === undefined) return false;
      newest = Math.max(newest, oldest);
      return true;
    },
  };
}
