import { counter, type Family } from "../metrics/family.ts";
import { createParentGathering, createWorkerGathering, type Message } from "../metrics/gathering.ts";

/** Sends to a process that may have ended. @returns whether it was there */
function sent(send: ((message: Message) => unknown) | undefined, message: Message): boolean {
  try {
    send?.(message);
    return send !== undefined;
  } catch {
    return false;
  }
}

/**
 * How what is measured is gathered: as it is, or where this process is one of several workers, of them all.
 *
 * @param worker the number of this worker
 */
export function gathering(
  worker: number | undefined,
  families: () => readonly Family[],
): () => Promise<readonly Family[]> {
  if (worker === undefined) return async () => families();
  const send = (message: Message) => process.connected && sent(process.send?.bind(process), message);
  const { onMessage, gather } = createWorkerGathering({ worker, families, send });
  process.on("message", onMessage);
  return gather;
}

/** What the parent of workers does about what they measure. */
export interface WorkersGathering {
  readonly onMessage: (worker: number, message: unknown) => void;
  readonly onRestart: (worker: number) => void;
}

/** @param children the workers that run, by number */
export function gatheringOfWorkers(count: number, children: ReadonlyMap<number, Bun.Subprocess>): WorkersGathering {
  const workers = Array.from({ length: count }, (_, index) => index + 1);
  const restarts = new Map(workers.map((worker) => [worker, 0]));
  return {
    onMessage: createParentGathering({
      workers,
      send: (worker, message) => {
        const child = children.get(worker);
        return sent(child?.send.bind(child), message);
      },
      families: () => [
        counter(
          "craned_worker_restarts",
          "How often a worker that had ended was started again.",
          [...restarts].map(([worker, times]) => [{ worker: String(worker) }, times]),
        ),
      ],
    }),
    onRestart: (worker) => void restarts.set(worker, (restarts.get(worker) ?? 0) + 1),
  };
}
