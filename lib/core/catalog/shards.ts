/**
 * An immutable map from strings whose edited copy shares all but what the edit touched.
 *
 * A copy of a plain Map costs as much as the whole catalogue, for the change of one file; this costs a
 * 1,024th of it. Shards are filled on demand.
 */
export interface Shards<Value> {
  readonly shards: readonly (ReadonlyMap<string, Value> | undefined)[];
}

const SHARD_COUNT = 1024;

/** FNV-1a over UTF-16 code units, folded to a shard's number. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SHARD_COUNT - 1);
}

export function emptyShards<Value>(): Shards<Value> {
  return { shards: new Array<undefined>(SHARD_COUNT).fill(undefined) };
}

export function getFrom<Value>(map: Shards<Value>, key: string): Value | undefined {
  return map.shards[shardOf(key)]?.get(key);
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
  const copies = new Map<number, Map<string, Value>>();
  const writable = (index: number): Map<string, Value> => {
    const known = copies.get(index);
    if (known !== undefined) return known;
    const copy = new Map(map.shards[index]);
    copies.set(index, copy);
    return copy;
  };
  return {
    get: (key) => {
      const index = shardOf(key);
      return (copies.get(index) ?? map.shards[index])?.get(key);
    },
    put: (key, value) => {
      const shard = writable(shardOf(key));
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
    },
    done: () => {
      if (copies.size === 0) return map;
      const shards = map.shards.slice();
      for (const [index, copy] of copies) shards[index] = copy.size === 0 ? undefined : copy;
      return { shards };
    },
  };
}
