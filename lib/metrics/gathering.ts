/**
 * How several processes that share a port tell what all of them measured, whichever of them is asked: the one asks
 * their parent, that asks the others, and hands on what they say within a second.
 */
import * as v from "valibot";
import { type Family, gauge } from "./family.ts";
import { joinWorkers, type WorkerFamilies } from "./workers.ts";

/** How long the parent waits for workers, and a worker for the parent. */
const WORKERS_MILLISECONDS = 1000;
const PARENT_MILLISECONDS = 2000;

const Families = v.array(
  v.object({
    name: v.string(),
    type: v.picklist(["counter", "gauge", "histogram", "info"]),
    help: v.string(),
    samples: v.array(
      v.object({
        part: v.picklist(["", "_bucket", "_sum", "_count"]),
        labels: v.record(v.string(), v.string()),
        value: v.number(),
      }),
    ),
  }),
);

/** From a worker: that it wants to know what all measured, or what it measured itself. */
const FromWorker = v.variant("kind", [
  v.object({ kind: v.literal("gather"), id: v.number() }),
  v.object({ kind: v.literal("told"), id: v.number(), families: Families }),
]);

/** From the parent: that a worker is to tell, or what the others told. */
const FromParent = v.variant("kind", [
  v.object({ kind: v.literal("tell"), id: v.number() }),
  v.object({
    kind: v.literal("gathered"),
    id: v.number(),
    parts: v.array(v.object({ worker: v.number(), families: Families })),
    families: Families,
  }),
]);

/** What is sent either way; the other side reads it as it would read a stranger's. */
export type Message =
  | { readonly kind: "gather" | "tell"; readonly id: number }
  | { readonly kind: "told"; readonly id: number; readonly families: readonly Family[] }
  | {
      readonly kind: "gathered";
      readonly id: number;
      readonly parts: readonly WorkerFamilies[];
      readonly families: readonly Family[];
    };

interface ParentOptions {
  /** The numbers of all workers, running or not. */
  readonly workers: readonly number[];
  /** @returns whether there is such a process to send to */
  readonly send: (worker: number, message: Message) => boolean;
  /** What the parent measured itself. */
  readonly families: () => readonly Family[];
}

/** A request to tell that is not yet answered by all. */
interface Pending {
  readonly waiting: Set<number>;
  readonly parts: WorkerFamilies[];
  readonly done: () => void;
}

/** The parent's side. @returns what to do with a message of a worker */
export function createParentGathering({ workers, send, families }: ParentOptions) {
  const pending = new Map<number, Pending>();
  let lastId = 0;

  const gather = (asker: number, askersId: number): void => {
    const id = ++lastId;
    const waiting = new Set<number>();
    const parts: WorkerFamilies[] = [];
    const done = () => {
      clearTimeout(timer);
      pending.delete(id);
      const isUp = (worker: number) => worker === asker || parts.some((part) => part.worker === worker);
      const up = gauge(
        "craned_worker_up",
        "Whether a worker said what it measured.",
        workers.map((worker) => [{ worker: String(worker) }, Number(isUp(worker))]),
      );
      send(asker, { kind: "gathered", id: askersId, parts, families: [up, ...families()] });
    };
    const timer = setTimeout(done, WORKERS_MILLISECONDS);
    pending.set(id, { waiting, parts, done });
    for (const worker of workers) {
      if (worker !== asker && send(worker, { kind: "tell", id })) waiting.add(worker);
    }
    if (waiting.size === 0) done();
  };

  return (worker: number, received: unknown): void => {
    const { success, output: message } = v.safeParse(FromWorker, received);
    if (!success) return;
    if (message.kind === "gather") {
      gather(worker, message.id);
      return;
    }
    const asked = pending.get(message.id);
    if (asked?.waiting.delete(worker) !== true) return;
    asked.parts.push({ worker, families: message.families });
    if (asked.waiting.size === 0) asked.done();
  };
}

interface WorkerOptions {
  readonly worker: number;
  /** @returns whether the parent is there */
  readonly send: (message: Message) => boolean;
  /** What this worker measured. */
  readonly families: () => readonly Family[];
}

/** A worker's side. */
export function createWorkerGathering({ worker, send, families }: WorkerOptions) {
  const waiting = new Map<number, (families: readonly Family[]) => void>();
  let lastId = 0;
  const own = (): WorkerFamilies => ({ worker, families: families() });
  return {
    /** What to do with a message of the parent. */
    onMessage(received: unknown): void {
      const { success, output: message } = v.safeParse(FromParent, received);
      if (!success) return;
      if (message.kind === "tell") send({ kind: "told", id: message.id, families: families() });
      else waiting.get(message.id)?.([...joinWorkers([own(), ...message.parts]), ...message.families]);
    },
    /** What all workers measured; if the parent says nothing in time or is gone, what this one did. */
    gather(): Promise<readonly Family[]> {
      const id = ++lastId;
      return new Promise((resolve) => {
        const settle = (all: readonly Family[]) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(all);
        };
        const timer = setTimeout(() => settle(joinWorkers([own()])), PARENT_MILLISECONDS);
        waiting.set(id, settle);
        if (!send({ kind: "gather", id })) settle(joinWorkers([own()]));
      });
    },
  };
}
