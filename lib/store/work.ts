/** Jobs that may make further jobs, a limited number of them at a time. */
export interface Work {
  add(job: () => Promise<void>): void;
  /** Resolves when no job is left; rejects with the first error that a job let out. */
  done(): Promise<void>;
}

/** @param limit how many jobs may be under way at once */
export function createWork(limit: number): Work {
  let waiting: (() => Promise<void>)[] = [];
  let next = 0;
  let running = 0;
  let failure: { readonly error: unknown } | undefined;
  let finished: PromiseWithResolvers<void> | undefined;

  const settle = () => {
    if (finished === undefined || running > 0 || next < waiting.length) return;
    waiting = [];
    next = 0;
    if (failure === undefined) finished.resolve();
    else finished.reject(failure.error);
    finished = undefined;
    failure = undefined;
  };
  const run = async (job: () => Promise<void>) => {
    running++;
    try {
      await job();
    } catch (error) {
      failure ??= { error };
    }
    running--;
    start();
    settle();
  };
  const start = () => {
    for (let job = waiting[next]; job !== undefined && running < limit; job = waiting[next]) {
      next++;
      void run(job);
    }
  };
  return {
    add: (job) => {
      waiting.push(job);
      start();
    },
    done: () => {
      finished ??= Promise.withResolvers<void>();
      const { promise } = finished;
      settle();
      return promise;
    },
  };
}

/**
 * Long synchronous work is cut into slices, between which requests get their turn.
 *
 * @param slice milliseconds
 * @returns to be awaited now and then; waits only when the slice is used up
 */
export function createPauses(slice: number): () => Promise<void> | undefined {
  let until = performance.now() + slice;
  return () => {
    if (performance.now() < until) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        until = performance.now() + slice;
        resolve();
      }),
    );
  };
}

/**
 * Many jobs that finish waiting together would all go on in one go. They take turns instead, and whenever a slice is
 * used up, requests get theirs.
 *
 * @param slice milliseconds; a single job may be longer
 * @returns resolves with what the job returns, or rejects with what it throws
 */
export function createTurns(slice: number): <Result>(job: () => Result) => Promise<Result> {
  let waiting: (() => void)[] = [];
  let next = 0;
  const go = () => {
    const until = performance.now() + slice;
    for (let job = waiting[next]; job !== undefined; job = waiting[next]) {
      next++;
      job();
      if (performance.now() >= until) break;
    }
    if (next < waiting.length) setImmediate(go);
    else {
      waiting = [];
      next = 0;
    }
  };
  return (job) =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(job());
        } catch (error) {
          reject(error);
        }
      });
      if (waiting.length === 1) setImmediate(go);
    });
}
