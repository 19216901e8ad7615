/** The longest wait of other requests, in ms: half of the bound for a search. */
const SLICE_MS = 0.5;

/** Lets other requests run, now and then. */
export type Pause = () => Promise<void> | undefined;

/**
 * Cuts long synchronous work into slices, between which requests are answered.
 *
 * @param slice longest wait of other requests, in ms
 * @returns to be awaited often; it waits only when the slice is used up
 */
export function createPause(slice = SLICE_MS): Pause {
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

/** Runs a synchronous job when it has its turn. */
export type Turn = <Result>(job: () => Result) => Promise<Result>;

/**
 * Runs jobs one after the other, with a pause whenever a slice is used up: jobs that become ready together would
 * otherwise all run at once.
 *
 * @param slice longest wait of other requests, in ms
 */
export function createTurns(slice = SLICE_MS): Turn {
  const pause = createPause(slice);
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(async () => {
      await pause();
      return job();
    });
    last = result.catch(() => {});
    return result;
  };
}

/**
 * Runs a job for each item, some at a time.
 *
 * @throws the first error of a job, once those under way have ended; no further ones begin
 */
export async function inParallel<Item>(
  limit: number,
  items: Iterable<Item>,
  job: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let hasFailed = false;
  const lane = async () => {
    try {
      for (let next = rest.next(); !hasFailed && next.done !== true; next = rest.next()) await job(next.value);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  for (const ended of await Promise.allSettled(Array.from({ length: limit }, lane)))
    if (ended.status === "rejected") throw ended.reason;
}

/** Visits items in slices, between which other requests are answered. @throws the signal's reason, when it aborts */
export async function inSlices<Item>(
  items: Iterable<Item>,
  signal: AbortSignal | undefined,
  visit: (item: Item) => void,
): Promise<void> {
  let end = 0;
  for (const item of items) {
    if (performance.now() > end) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      end = performance.now() + SLICE_MS;
    }
    visit(item);
  }
}
