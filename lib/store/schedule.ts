/** Changes come in bursts: one look follows when it is quiet for a while, or when the burst is too long, in ms. */
const QUIET_MS = 20;
const LONGEST_MS = 200;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The timers of a store: when to look again. */
export function createSchedule(lookSoon: () => void, lookAtAll: () => void) {
  let burst: ReturnType<typeof setTimeout> | undefined;
  let burstBegan = 0;
  let poll: ReturnType<typeof setTimeout> | undefined;
  return {
    somethingHappened: () => {
      const now = performance.now();
      if (burst === undefined) burstBegan = now;
      clearTimeout(burst);
      burst = setTimeout(
        () => {
          burst = undefined;
          lookSoon();
        },
        Math.max(0, Math.min(QUIET_MS, burstBegan + LONGEST_MS - now)),
      );
    },
    pollIn: (ms: number) => {
      clearTimeout(poll);
      poll = setTimeout(lookAtAll, Math.min(ms, LONGEST_TIMER_MS));
      poll.unref();
    },
    stop: () => {
      clearTimeout(burst);
      clearTimeout(poll);
    },
  };
}

/** Runs one pass at a time; whoever asks during a pass waits for the next, together with others. */
export function oneAtATime(pass: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const request = (): Promise<void> => {
    if (current === undefined) {
      current = pass().finally(() => {
        current = undefined;
      });
      return current;
    }
    next ??= current.then(() => {
      next = undefined;
      return request();
    });
    return next;
  };
  return request;
}
