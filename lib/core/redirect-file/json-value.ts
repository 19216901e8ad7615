// What is passed on unchanged is written out again, which needs a stack as deep as the value.
export const MAX_DEPTH = 64;

/** An object of JSON: neither null nor an array. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns the objects of a list; none of another value. */
export const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isPlainObject) : [];

/** Tells whether a value nests at most {@link MAX_DEPTH} levels deep. */
export function isShallow(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isShallow(each, depth - 1));
}
