/** Nobody can be served now. */
export interface Busy {
  readonly outcome: "busy";
  /** Seconds after which it is worth another try: a whole number from 1 to 60. */
  readonly retryAfter: number;
}

interface QueueOptions {
  /** How many jobs run at once. */
  readonly concurrency: number;
  /** How many more may wait. */
  readonly maxWaiting: number;
  /** In ms. */
  readonly now: () => number;
}

/** Runs slow jobs, few at a time. */
export interface Queue {
  /** Runs the job when its turn comes, or says at once that too many wait already. */
  readonly run: <Result>(job: () => Promise<Result>) => Promise<Result> | Busy;
}

const MAX_RETRY_AFTER = 60;

/** Makes a queue; the first come is the first served. */
export function createQueue({ concurrency, maxWaiting, now }: QueueOptions): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;
  let lastTook = 0;

  async function runNow<Result>(job: () => Promise<Result>): Promise<Result> {
    const startedAt = now();
    try {
      return await job();
    } finally {
      lastTook = now() - startedAt;
      const next = waiting.shift();
      // The place goes to the next one at once, so that nobody who comes just now can take it.
      if (next === undefined) running--;
      else next();
    }
  }

  return {
    run: (job) => {
      if (running < concurrency) {
        running++;
        return runNow(job);
      }
      if (waiting.length >= maxWaiting) {
        const seconds = Math.ceil((lastTook * (waiting.length + 1)) / concurrency / 1000);
        return { outcome: "busy", retryAfter: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER) };
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      return promise.then(() => runNow(job));
    },
  };
}
