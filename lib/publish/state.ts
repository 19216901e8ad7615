/** State that one publish keeps for the next, in a file beside the content to which no client is redirected. */
import * as v from "valibot";
import type { BlobStore } from "./blobs.ts";
import { digestField, fields, readJson, sizeField } from "./json-file.ts";
import type { Compressed } from "./sources/source.ts";
import type { Target } from "./targets/target.ts";

/** The directory of publishing's own files: the lock, partial files, this state. */
export const OWN_DIRECTORY = ".craned";

const STATE_FILE = `${OWN_DIRECTORY}/state.json`;

const stateFile = fields({
  unreferenced: v.record(v.string(), v.pipe(v.number("a time"), v.integer("a time")), "an object of times"),
  compressed: v.record(v.string(), fields({ digest: digestField, size: sizeField }), "an object of layers"),
});

/** The contents of the file. */
export interface State {
  /** Since when nothing refers to a file any more, in seconds since 1970, by its path. */
  readonly unreferenced: Map<string, number>;
  /** Compressed layers, by the digest of the uncompressed tar. */
  readonly compressed: Map<string, Compressed>;
}

/**
 * Reads the file.
 *
 * @param blobs the store that has the compressed layers
 * @throws {PublishError} when the file is not one that publishing wrote
 */
export async function readState(target: Target, blobs: BlobStore): Promise<State> {
  const bytes = await target.read(STATE_FILE);
  if (bytes === undefined) return { unreferenced: new Map(), compressed: new Map() };
  const { unreferenced, compressed } = readJson(stateFile, bytes, `${target.name}/${STATE_FILE}`);
  const state: State = { unreferenced: new Map(Object.entries(unreferenced)), compressed: new Map() };
  for (const [layer, each] of Object.entries(compressed)) {
    // A layer that has been pruned has to be compressed again.
    if ((await blobs.target.sizeOf(blobs.pathOf(each.digest))) === each.size) state.compressed.set(layer, each);
  }
  return state;
}

const sorted = <Value>(map: ReadonlyMap<string, Value>): Record<string, Value> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Writes the file. */
export async function writeState(target: Target, { unreferenced, compressed }: State): Promise<void> {
  const text = JSON.stringify({ unreferenced: sorted(unreferenced), compressed: sorted(compressed) }, null, 2);
  await target.write(STATE_FILE, "application/json", new TextEncoder().encode(`${text}\n`));
}
