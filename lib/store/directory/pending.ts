/** Events come in bursts: a scan follows when none came for a while, or when the burst is too long, in ms. */
const QUIET_MS = 20;
const LONGEST_BURST_MS = 200;
/**
 * Bun drops an event that repeats the one before it within a millisecond. A path that is scanned sooner than this after
 * its event, in ms, is scanned again.
 */
const SETTLING_MS = 5;

/**
 * Gathers the paths of events until they are scanned.
 *
 * @param scanPending is called when a burst of events is over
 * @param clock never goes back, in ms
 */
export function createPending(scanPending: () => void, clock = (): number => performance.now()) {
  const paths = new Map<string, number>();
  let hasNew = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let burstBegan = 0;

  function scanIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      scanPending();
    }, ms);
  }
  function burst(): void {
    const now = clock();
    if (timer === undefined) burstBegan = now;
    scanIn(Math.max(0, Math.min(QUIET_MS, burstBegan + LONGEST_BURST_MS - now)));
  }
  return {
    burst,
    scanIn,
    add: (path: string) => {
      paths.set(path, clock());
      hasNew = true;
      burst();
    },
    /** Whether there have been events since the last call of `take`. */
    hasNew: () => hasNew,
    isEmpty: () => paths.size === 0,
    take: (): ReadonlySet<string> => {
      const taken = new Set(paths.keys());
      const settled = clock() - SETTLING_MS;
      for (const [path, at] of paths) if (at <= settled) paths.delete(path);
      hasNew = false;
      return taken;
    },
    stop: () => clearTimeout(timer),
  };
}
