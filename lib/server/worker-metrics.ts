/**
 * Lets any worker answer a scrape with the metrics of all: it asks the parent, which asks the others and passes on the
 * answers that come within a second.
 */
import * as v from "valibot";
import { Counter, Gauge, type MetricsRegistry, Registry } from "../prometheus.ts";
import { isMetrics, type Metrics, metricsOf } from "./metrics.ts";

const WORKERS_MILLISECONDS = 1000;
const PARENT_MILLISECONDS = 2000;

const MetricsOf = v.custom<Metrics>(isMetrics);

/** From a worker: a scrape to be gathered, or its own metrics. */
const FromWorker = v.variant("kind", [
  v.object({ kind: v.literal("gather"), id: v.number() }),
  v.object({ kind: v.literal("told"), id: v.number(), metrics: MetricsOf }),
]);

/** From the parent: a question for a worker's metrics, or those of all others. */
const FromParent = v.variant("kind", [
  v.object({ kind: v.literal("tell"), id: v.number() }),
  v.object({ kind: v.literal("gathered"), id: v.number(), parts: v.array(MetricsOf) }),
]);

type Message = v.InferOutput<typeof FromWorker> | v.InferOutput<typeof FromParent>;

/** Sends to a process that may have ended. @returns whether it was there */
function sent(send: ((message: Message) => unknown) | undefined, message: Message): boolean {
  try {
    send?.(message);
    return send !== undefined;
  } catch {
    return false;
  }
}

/** Gathers the metrics of all workers, or of this process where it is alone. @param worker number of this worker */
export function gathering(worker: number | undefined, registry: MetricsRegistry): () => Promise<readonly Metrics[]> {
  const own = async () => [await metricsOf(registry)];
  if (worker === undefined) return own;
  const send = (message: Message): boolean => process.connected && sent(process.send?.bind(process), message);
  const waiting = new Map<number, (parts: readonly Metrics[]) => void>();
  let lastId = 0;
  process.on("message", async (received) => {
    const { success, output: message } = v.safeParse(FromParent, received);
    if (!success) return;
    if (message.kind === "tell") send({ kind: "told", id: message.id, metrics: await metricsOf(registry) });
    else waiting.get(message.id)?.(message.parts);
  });
  return async () => {
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<readonly Metrics[]>();
    // Without the parent, what this worker measured is better than nothing.
    const timer = setTimeout(resolve, PARENT_MILLISECONDS, []);
    waiting.set(id, resolve);
    if (!send({ kind: "gather", id })) resolve([]);
    const others = await promise;
    clearTimeout(timer);
    waiting.delete(id);
    return [...(await own()), ...others];
  };
}

/** The parent's part in gathering. */
export interface WorkersGathering {
  readonly onMessage: (worker: number, message: unknown) => void;
  readonly onRestart: (worker: number) => void;
}

interface Pending {
  readonly waiting: Set<number>;
  readonly parts: Map<number, Metrics>;
  readonly done: () => void;
}

/** @param children the workers that run, by number */
export function gatheringOfWorkers(count: number, children: ReadonlyMap<number, Bun.Subprocess>): WorkersGathering {
  const workers = Array.from({ length: count }, (_, index) => index + 1);
  const registry = new Registry();
  const of = { labelNames: ["worker"], registers: [registry] };
  const up = new Gauge({ name: "craned_worker_up", help: "Whether a worker sent its metrics.", ...of });
  const restarts = new Counter({
    name: "craned_worker_restarts_total",
    help: "Restarts of workers that had ended.",
    ...of,
  });
  for (const worker of workers) restarts.inc({ worker }, 0);
  const pending = new Map<number, Pending>();
  let lastId = 0;
  const send = (worker: number, message: Message): boolean => {
    const child = children.get(worker);
    return sent(child?.send.bind(child), message);
  };

  const gather = (asker: number, askersId: number): void => {
    const id = ++lastId;
    const waiting = new Set<number>();
    const parts = new Map<number, Metrics>();
    const done = async () => {
      clearTimeout(timer);
      pending.delete(id);
      for (const worker of workers) up.set({ worker }, Number(worker === asker || parts.has(worker)));
      send(asker, { kind: "gathered", id: askersId, parts: [...parts.values(), await metricsOf(registry)] });
    };
    const timer = setTimeout(done, WORKERS_MILLISECONDS);
    pending.set(id, { waiting, parts, done });
    for (const worker of workers) if (worker !== asker && send(worker, { kind: "tell", id })) waiting.add(worker);
    if (waiting.size === 0) void done();
  };

  return {
    onRestart: (worker) => restarts.inc({ worker }),
    onMessage(worker, received) {
      const { success, output: message } = v.safeParse(FromWorker, received);
      if (!success) return;
      if (message.kind === "gather") return gather(worker, message.id);
      const asked = pending.get(message.id);
      if (asked?.waiting.delete(worker) !== true) return;
      asked.parts.set(worker, message.metrics);
      if (asked.waiting.size === 0) asked.done();
    },
  };
}
