import pLimit from "p-limit";

/** Does work on all items, so many at a time. @throws the first failure, after what was under way has ended */
export async function inParallel<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const limit = pLimit({ concurrency: atOnce, rejectOnClear: true });
  const failures: unknown[] = [];
  const one = async (item: Item) => {
    try {
      await work(item);
    } catch (error) {
      failures.push(error);
      limit.clearQueue();
    }
  };
  await Promise.allSettled(Array.from(items, (item) => limit(one, item)));
  if (failures.length > 0) throw failures[0];
}
