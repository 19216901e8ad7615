/**
 * Finds a string in a part of a sorted list.
 *
 * @returns its index; undefined when it is not between `low` and `high`
 */
export function findSorted(list: readonly string[], wanted: string, low: number, high: number): number | undefined {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const candidate = list[middle];
    if (candidate === wanted) return middle;
    if (candidate !== undefined && candidate < wanted) from = middle + 1;
    else to = middle;
  }
  return undefined;
}
