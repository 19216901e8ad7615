/** How many characters must be put in, left out or replaced to make one text of the other. */
export function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** @returns the first of the candidates with the least distance, or undefined when there are none */
export function nearest<Item>(candidates: readonly Item[], distance: (candidate: Item) => number): Item | undefined {
  let best: Item | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const each = distance(candidate);
    if (each >= least) continue;
    best = candidate;
    least = each;
  }
  return best;
}
