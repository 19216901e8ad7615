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
  let timer: ReturnType<typeof setTimeout> | undefined;
  let burstBegan = 0;

  function start(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      scanPending();
    }, ms);
  }
  function burst(): void {
    const now = clock();
    if (timer === undefined) burstBegan = now;
    start(Math.max(0, Math.min(QUIET_MS, burstBegan + LONGEST_BURST_MS - now)));
  }
  return {
    add: (path: string) => {
      paths.set(path, clock());
      burst();
    },
    take: (): readonly string[] => {
      const taken = [...paths.keys()];
      const settled = clock() - SETTLING_MS;
      for (const [path, at] of paths) if (at <= settled) paths.delete(path);
      if (paths.size > 0) burst();
      return taken;
    },
    /** Asks for a scan after a time, unless there will be one before. */
    scanIn: (ms: number) => {
      if (timer === undefined) start(ms);
    },
    stop: () => clearTimeout(timer),
  };
}
