import type { Log } from "../log.ts";

/** The order to stop, as the process receives it. */
export interface Shutdown {
  /** Gives the order as a signal does. @param reason as the log says it */
  readonly order: (reason: string) => void;
  /** Aborted by the first order. */
  readonly signal: AbortSignal;
  /** Waits for the first order, then for the work to end; a second order ends the wait. */
  readonly drain: (close: () => Promise<unknown>, log: Log) => Promise<void>;
}

/** Listens for the signals that end a process; from here on none of them ends it by itself. */
export function onShutdown(): Shutdown {
  const first = new AbortController();
  const second = new AbortController();
  const order = (reason: string) => (first.signal.aborted ? second : first).abort(reason);
  process.on("SIGTERM", order);
  process.on("SIGINT", order);
  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  return {
    order,
    signal: first.signal,
    async drain(close, log) {
      await aborted(first.signal);
      log.info("stopping", { signal: String(first.signal.reason) });
      await Promise.race([close(), aborted(second.signal)]);
    },
  };
}
