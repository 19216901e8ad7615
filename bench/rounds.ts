/**
 * How long and how often to measure. BENCH_SECONDS makes all of it short, to try the benchmark itself; BENCH_ROUNDS
 * makes fewer rounds.
 */
const SHORT = process.env["BENCH_SECONDS"];

export const isShort = SHORT !== undefined;

/** Whole seconds, as wrk wants them. */
export const seconds = (full: number): number => (isShort ? Math.min(full, Math.max(1, Number(SHORT) | 0)) : full);

const MOST_ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? Number.POSITIVE_INFINITY);

export const rounds = (full: number): number => (isShort ? 1 : Math.min(full, MOST_ROUNDS));

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
