/** One page of a sorted list, and the address of the next. */
export interface Page<Item extends string> {
  readonly items: readonly Item[];
  /** A Link header's value (RFC 8288); undefined on the last page. */
  readonly next: string | undefined;
}

/** The first place in a sorted list that comes after `last`. */
function placeAfter(sorted: readonly string[], last: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && item <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Cuts a page out of a list, as `?n=` and `?last=` ask.
 *
 * @param sorted in ASCII order
 * @param path of the list, for the Link header
 * @param query without its question mark
 * @returns undefined when n is not a non-negative integer
 * @see OCI distribution-spec "Content Discovery"
 */
export function pageOf<Item extends string>(
  sorted: readonly Item[],
  path: string,
  query: string,
): Page<Item> | undefined {
  const parameters = new URLSearchParams(query);
  const n = parameters.get("n");
  if (n !== null && !/^\d+$/.test(n)) return undefined;
  const last = parameters.get("last");
  const start = last === null ? 0 : placeAfter(sorted, last);
  const size = n === null ? sorted.length : Number(n);
  const items = sorted.slice(start, start + size);
  const final = items.at(-1);
  if (final === undefined || start + size >= sorted.length) return { items, next: undefined };
  return { items, next: `<${path}?last=${encodeURIComponent(final)}&n=${n}>; rel="next"` };
}
