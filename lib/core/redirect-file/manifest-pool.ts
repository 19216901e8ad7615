/**
 * Keeps the bytes of equal manifests once, however many repositories have them.
 *
 * It holds no manifest alive: where all repositories that use a chunk are gone, so is the chunk.
 */
import { keyAt } from "./digests.ts";
import { type WholeRepository, wholeRepository } from "./repository.ts";
import { type Location, locationAt, pack, relocated, sizeAt } from "./whole-table.ts";

/** A hash table without objects: for each slot a key, a number of a chunk (0 where it is free) and an offset. */
const SLOT = 3;
const MIN_SLOTS = 1024;
/** The highest load of the table. */
const MAX_LOAD = 0.8;
/** Room that a new table has for each entry. */
const GROWTH = 1.7;

/** A copy: a view of a small chunk would cost it more memory, for as long as it is in use. */
const bytesAt = ({ chunk, offset }: Location, size: number): Uint8Array => chunk.slice(offset, offset + size);

/** The memory that repositories share. */
export interface ManifestPool {
  /** @returns the same repository, with the bytes that others have too in their memory */
  share(repository: WholeRepository): WholeRepository;
}

/** Creates an empty pool. */
export function createManifestPool(): ManifestPool {
  let slots = new Uint32Array(MIN_SLOTS * SLOT);
  let used = 0;
  /** The chunk with number n is at n - 1. */
  let chunks: WeakRef<Uint8Array>[] = [];

  function put(key: number, chunk: number, offset: number): void {
    const count = slots.length / SLOT;
    let at = key % count;
    while (slots[at * SLOT + 1] !== 0) at = (at + 1) % count;
    slots.set([key, chunk, offset], at * SLOT);
    used++;
  }

  /** Moves the entries whose chunk is alive to a table with room for `added` more. */
  function rebuild(added: number): void {
    const old = slots;
    const numbers = new Uint32Array(chunks.length + 1);
    const alive: WeakRef<Uint8Array>[] = [];
    chunks.forEach((chunk, at) => {
      if (chunk.deref() !== undefined) numbers[at + 1] = alive.push(chunk);
    });
    const isAlive = (at: number): boolean => numbers[old[at + 1] ?? 0] !== 0;
    let entries = 0;
    for (let at = 0; at < old.length; at += SLOT) if (isAlive(at)) entries++;
    slots = new Uint32Array(Math.max(MIN_SLOTS, Math.ceil((entries + added) * GROWTH)) * SLOT);
    chunks = alive;
    used = 0;
    for (let at = 0; at < old.length; at += SLOT) {
      if (isAlive(at)) put(old[at] ?? 0, numbers[old[at + 1] ?? 0] ?? 0, old[at + 2] ?? 0);
    }
  }

  function find(key: number, location: Location, size: number): Location | undefined {
    const count = slots.length / SLOT;
    for (let at = key % count; slots[at * SLOT + 1] !== 0; at = (at + 1) % count) {
      if (slots[at * SLOT] !== key) continue;
      const chunk = chunks[(slots[at * SLOT + 1] ?? 0) - 1]?.deref();
      if (chunk === undefined) continue;
      const candidate = { chunk, offset: slots[at * SLOT + 2] ?? 0 };
      if (Buffer.compare(bytesAt(candidate, size), bytesAt(location, size)) === 0) return candidate;
    }
    return undefined;
  }

  /** Adds what is new, chunk by chunk. */
  function add(
    fresh: readonly { readonly index: number; readonly key: number }[],
    locations: readonly (Location | undefined)[],
  ): void {
    if (used + fresh.length > (slots.length / SLOT) * MAX_LOAD) rebuild(fresh.length);
    const numbers = new Map<Uint8Array, number>();
    for (const { index, key } of fresh) {
      const location = locations[index];
      if (location === undefined) continue;
      const number = numbers.get(location.chunk) ?? chunks.push(new WeakRef(location.chunk));
      numbers.set(location.chunk, number);
      put(key, number, location.offset);
    }
  }

  return {
    share(repository) {
      const { digests, manifestCount, configCount } = repository;
      const locations: (Location | undefined)[] = [];
      const fresh: { readonly index: number; readonly key: number }[] = [];
      let isShared = false;
      for (let index = 0; index < manifestCount + configCount; index++) {
        const location = locationAt(repository, index);
        const [key, size] = [keyAt(digests, index), sizeAt(repository, index) ?? 0];
        const there = location === undefined ? undefined : find(key, location, size);
        if (there !== undefined) isShared = true;
        else if (location !== undefined && size > 0) fresh.push({ index, key });
        locations.push(there ?? location);
      }
      if (isShared) {
        // The parsed chunks hold the shared bytes too, so the others move to chunks of their own.
        const parts = fresh.flatMap(({ index }) => {
          const location = locations[index];
          return location === undefined ? [] : [bytesAt(location, sizeAt(repository, index) ?? 0)];
        });
        pack(parts).forEach((location, at) => {
          const index = fresh[at]?.index;
          if (index !== undefined) locations[index] = location;
        });
      }
      add(fresh, locations);
      return isShared ? wholeRepository(repository, relocated(repository, locations)) : repository;
    },
  };
}
