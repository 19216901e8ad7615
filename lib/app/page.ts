/** One page of a sorted list, and the address of the next. */
export interface Page<Item extends string> {
  readonly items: readonly Item[];
  /** A Link header's value (RFC 8288); undefined on the last page. */
  readonly next: string | undefined;
}

/** What a page is cut out of. */
export interface Listed<Item extends string> {
  /** In ASCII order as far as `count`. */
  readonly sorted: readonly Item[];
  readonly count: number;
  readonly isShown: (item: Item) => boolean;
}

/** The first place in a sorted list that comes after `last`. */
function placeAfter<Item extends string>({ sorted, count }: Listed<Item>, last: string): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && item <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Cuts a page out of a list, as `?n=` and `?last=` ask. It costs as much as the page is long, not the list.
 *
 * @param path of the list, for the Link header
 * @param query without its question mark
 * @returns undefined when n is not a non-negative integer
 * @see OCI distribution-spec "Content Discovery"
 */
export function pageOf<Item extends string>(listed: Listed<Item>, path: string, query: string): Page<Item> | undefined {
  const parameters = new URLSearchParams(query);
  const n = parameters.get("n");
  if (n !== null && !/^\d+$/.test(n)) return undefined;
  const last = parameters.get("last");
  const { sorted, count, isShown } = listed;
  const size = n === null ? count : Number(n);
  const items: Item[] = [];
  for (let at = last === null ? 0 : placeAfter(listed, last); at < count; at++) {
    const item = sorted[at];
    if (item === undefined || !isShown(item)) continue;
    const final = items.at(-1);
    if (items.length < size) items.push(item);
    else return { items, next: final && `<${path}?last=${encodeURIComponent(final)}&n=${n}>; rel="next"` };
  }
  return { items, next: undefined };
}
