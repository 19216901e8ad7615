import type { Family } from "./family.ts";
import { createHistogram, histogram } from "./histogram.ts";

const INTERVAL_MILLISECONDS = 500;
const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];

/** How long what is due has to wait for the process, looked at twice a second. */
export function watchEventLoop(): { readonly family: () => Family; readonly close: () => void } {
  const delays = createHistogram(BOUNDS);
  let due = performance.now() + INTERVAL_MILLISECONDS;
  const timer = setInterval(() => {
    const now = performance.now();
    delays.observe(Math.max(0, now - due) / 1000);
    due = now + INTERVAL_MILLISECONDS;
  }, INTERVAL_MILLISECONDS);
  timer.unref();
  return {
    family: () => histogram("craned_event_loop_delay_seconds", "How late a timer was, twice a second.", [[{}, delays]]),
    close: () => clearInterval(timer),
  };
}
