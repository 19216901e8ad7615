/** The longest wait of other requests, in ms: half of the bound for a search. */
const SLICE_MS = 0.5;

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
