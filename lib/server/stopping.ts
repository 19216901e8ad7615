import type { Listener } from "../http/listener.ts";
import type { Log } from "../log.ts";
import { EXIT, type ExitCode } from "../cli/terminal.ts";

/** A process that was told to stop. */
export interface Stopping {
  /** Stops as a signal does. @param reason what the log says of it */
  readonly stop: (reason: string) => void;
  /** Lets requests under way finish once told to, or at once if that has been. A second signal does not wait. */
  readonly drain: (listener: Listener, grace: number, log: Log) => Promise<ExitCode>;
}

/** Listens for the signals that end a process; from here on none of them ends it by itself. */
export function onStopSignals(): Stopping {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const tell = (signal: string) => {
    told.push(signal);
    for (const each of waiting.splice(0)) each();
  };
  process.on("SIGTERM", tell);
  process.on("SIGINT", tell);
  const untilTold = async (times: number) => {
    while (told.length < times) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    stop: tell,
    async drain(listener, grace, log) {
      await untilTold(1);
      log.info("stopping", { signal: told[0] });
      await Promise.race([listener.close(grace), untilTold(2)]);
      return EXIT.ok;
    },
  };
}
