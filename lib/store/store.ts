/** The door to redirect files, wherever they are. */
import { openDirectory, readDirectoryOnce } from "./directory.ts";
import type { Store, Watching } from "./store-options.ts";

export type { Store } from "./store-options.ts";
export { readDirectoryOnce };

interface Place {
  /** A directory. */
  readonly dataDir: string;
}

/**
 * Opens redirect files.
 *
 * @returns when they have been read for the first time, or found not to be there yet
 */
export async function openStore({ dataDir, ...options }: Place & Watching): Promise<Store> {
  return await openDirectory(dataDir, options);
}
