/**
 * An immutable sorted list, in chunks, whose edited copy shares all chunks but one.
 *
 * An insertion into a plain array copies the array, so an array of n items takes n² steps to build. A list of one item
 * is the item itself, since almost all lists have one.
 */
export type Sorted<Item extends object> = Item | Chunks<Item>;

type Chunks<Item> = readonly (readonly Item[])[];

/** Negative when `a` comes before `b`, zero when they are the same. */
export type Compare<Item> = (a: Item, b: Item) => number;

const MAX_CHUNK = 256;

const isMany = <Item extends object>(list: Sorted<Item>): list is Chunks<Item> => Array.isArray(list);

const chunksOf = <Item extends object>(list: Sorted<Item> | undefined): Chunks<Item> =>
  list === undefined ? [] : isMany(list) ? list : [[list]];

/** @returns the first index from which on all items satisfy the condition */
export function firstIndex<Item>(items: readonly Item[], isBeyond: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && isBeyond(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @returns the number of the chunk that has the item, or would have it */
const chunkFor = <Item>(chunks: Chunks<Item>, item: Item, compare: Compare<Item>): number =>
  Math.max(0, firstIndex(chunks, ([first]) => first !== undefined && compare(first, item) > 0) - 1);

/** @returns the first item of a list */
export const firstOf = <Item extends object>(list: Sorted<Item>): Item | undefined =>
  isMany(list) ? list[0]?.[0] : list;

/** Visits all items of a list, in order. */
export function* eachOf<Item extends object>(list: Sorted<Item> | undefined): Generator<Item> {
  for (const chunk of chunksOf(list)) yield* chunk;
}

/** @returns the list with an item, in place of the one that compares as the same */
export function withItem<Item extends object>(
  list: Sorted<Item> | undefined,
  item: Item,
  compare: Compare<Item>,
): Sorted<Item> {
  if (list === undefined) return item;
  const chunks = chunksOf(list);
  const number = chunkFor(chunks, item, compare);
  const chunk = chunks[number] ?? [];
  const at = firstIndex(chunk, (each) => compare(each, item) >= 0);
  const there = chunk[at];
  const replaced = there !== undefined && compare(there, item) === 0 ? 1 : 0;
  if (replaced === 1 && !isMany(list)) return item;
  const next = chunk.toSpliced(at, replaced, item);
  const half = next.length >>> 1;
  const parts = next.length > MAX_CHUNK ? [next.slice(0, half), next.slice(half)] : [next];
  return chunks.toSpliced(number, 1, ...parts);
}

/** @returns the list without the item that compares as the same; undefined when it was the only one */
export function withoutItem<Item extends object>(
  list: Sorted<Item> | undefined,
  item: Item,
  compare: Compare<Item>,
): Sorted<Item> | undefined {
  const chunks = chunksOf(list);
  const number = chunkFor(chunks, item, compare);
  const chunk = chunks[number] ?? [];
  const kept = chunk.filter((each) => compare(each, item) !== 0);
  if (kept.length === chunk.length) return list;
  const rest = chunks.toSpliced(number, 1, ...(kept.length === 0 ? [] : [kept]));
  const [first] = rest;
  return rest.length < 2 && (first === undefined || first.length < 2) ? first?.[0] : rest;
}
