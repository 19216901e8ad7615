/** A sorted list that is sent in pages. */
export interface Listed<Item extends string> {
  /** In ASCII order as far as `count`. */
  readonly sorted: readonly Item[];
  readonly count: number;
  readonly isShown: (item: Item) => boolean;
}

interface Page<Item extends string> {
  readonly items: readonly Item[];
  /** Value of a Link header (RFC 8288); undefined on the last page. */
  readonly next: string | undefined;
}

/** Returns the first index of a sorted list that comes after `last`. */
function indexAfter<Item extends string>({ sorted, count }: Listed<Item>, last: string): number {
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
 * Cuts a page out of a list. It costs as much as the page is long, not the list.
 *
 * @param n the most items of the page; undefined for all
 * @param last the item that the page comes after
 * @param ns as the client named it, for the next page
 * @see OCI distribution-spec "Content Discovery"
 */
export function pageOf<Item extends string>(
  listed: Listed<Item>,
  {
    n,
    last,
    ns,
  }: { readonly n?: number | undefined; readonly last?: string | undefined; readonly ns?: string | undefined },
): Page<Item> {
  const { sorted, count, isShown } = listed;
  const size = n ?? count;
  const items: Item[] = [];
  for (let at = last === undefined ? 0 : indexAfter(listed, last); at < count; at++) {
    const item = sorted[at];
    if (item === undefined || !isShown(item)) continue;
    const final = items.at(-1);
    if (items.length < size) items.push(item);
    // Relative to the request's own path, so that it holds behind a proxy that adds a prefix.
    else {
      const more = ns === undefined ? "" : `&ns=${encodeURIComponent(ns)}`;
      return { items, next: final && `<?last=${encodeURIComponent(final)}&n=${n}${more}>; rel="next"` };
    }
  }
  return { items, next: undefined };
}
