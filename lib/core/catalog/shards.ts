import { firstIndex } from "./sorted.ts";

/**
 * An immutable map from strings whose edited copy shares all but what the edit touched.
 *
 * A copy of a plain Map costs as much as the whole catalogue, for the change of one file; this costs a
 * 1,024th of it. Shards are filled on demand.
 */
export interface Shards<Value> {
  readonly shards: readonly (Shard<Value> | undefined)[];
}

/** Keys in order, and the value of each: a Map takes five times the memory. */
interface Shard<Value> {
  readonly keys: readonly string[];
  readonly values: readonly Value[];
}

/** A copy of a shard, under edit. */
interface Writable<Value> {
  readonly keys: string[];
  readonly values: Value[];
}

const SHARD_COUNT = 1024;

/** FNV-1a over UTF-16 code units, folded to a shard's number. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SHARD_COUNT - 1);
}

const placeOf = (keys: readonly string[], key: string): number => firstIndex(keys, (each) => each >= key);

function valueIn<Value>(shard: Shard<Value> | undefined, key: string): Value | undefined {
  if (shard === undefined) return undefined;
  const at = placeOf(shard.keys, key);
  return shard.keys[at] === key ? shard.values[at] : undefined;
}

export function emptyShards<Value>(): Shards<Value> {
  return { shards: new Array<undefined>(SHARD_COUNT).fill(undefined) };
}

export function getFrom<Value>(map: Shards<Value>, key: string): Value | undefined {
  return valueIn(map.shards[shardOf(key)], key);
}

/** A map under edit: each shard is copied the first time that it is written to. */
export interface ShardsEdit<Value> {
  get(key: string): Value | undefined;
  /** Sets the value, or removes the key when the value is undefined. */
  put(key: string, value: Value | undefined): void;
  done(): Shards<Value>;
}

/** Starts an edit; the map it starts from is never changed. */
export function editShards<Value>(map: Shards<Value>): ShardsEdit<Value> {
  const copies = new Map<number, Writable<Value>>();
  const writable = (index: number): Writable<Value> => {
    const known = copies.get(index);
    if (known !== undefined) return known;
    const { keys = [], values = [] } = map.shards[index] ?? {};
    const copy = { keys: keys.slice(), values: values.slice() };
    copies.set(index, copy);
    return copy;
  };
  return {
    get: (key) => {
      const index = shardOf(key);
      return valueIn(copies.get(index) ?? map.shards[index], key);
    },
    put: (key, value) => {
      const { keys, values } = writable(shardOf(key));
      const at = placeOf(keys, key);
      const there = keys[at] === key ? 1 : 0;
      if (value === undefined) {
        keys.splice(at, there);
        values.splice(at, there);
      } else {
        keys.splice(at, there, key);
        values.splice(at, there, value);
      }
    },
    done: () => {
      if (copies.size === 0) return map;
      const shards = map.shards.slice();
      // Copies again: a list that grew holds room for more.
      for (const [index, { keys, values }] of copies)
        shards[index] = keys.length === 0 ? undefined : { keys: keys.slice(), values: values.slice() };
      return { shards };
    },
  };
}
