/** Chance that can be had again: a seed and a number name one sequence for ever (xorshift32). */
export interface Random {
  /** A whole number from 0, below. */
  readonly next: (below: number) => number;
  readonly pick: <Item>(items: readonly Item[]) => Item;
  /** True once in so many times. */
  readonly once: (inTimes: number) => boolean;
  /** So many pieces, put together. */
  readonly join: (count: number, piece: () => string) => string;
}

/** @param index tells the inputs of one run apart, so that each can be made again without those before it */
export function randomOf(seed: number, index: number): Random {
  let state = (Math.imul(seed | 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0 || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  // Neighbouring seeds begin alike.
  for (let warm = 0; warm < 4; warm++) next(2);
  return {
    next,
    pick: <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item,
    once: (inTimes) => next(inTimes) === 0,
    join: (count, piece) => Array.from({ length: count }, piece).join(""),
  };
}
