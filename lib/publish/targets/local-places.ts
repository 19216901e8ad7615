/** Publishing into a directory of this machine. */
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { directoryTarget } from "./directory.ts";
import { takeLock } from "./lock.ts";
import type { Places } from "../publish.ts";
import { OWN_DIRECTORY } from "../state.ts";
import type { Target } from "./target.ts";

interface LocalOptions {
  /** The directory of all repositories' content. */
  readonly content: string;
  readonly metadata: Target;
  readonly repository: string;
  /** Whether blobs may be hard links to the source's files. */
  readonly mayLink: boolean;
  readonly isDryRun: boolean;
}

/** The directory of all redirect files. */
export const metadataDirectory = (directory: string): Target =>
  directoryTarget(resolve(directory), {
    partialOf: (path) => join(dirname(path), `.${basename(path)}.partial`),
    mayLink: false,
  });

/**
 * Opens the directories for one publish, holding the repository's lock all along; a dry run takes and makes nothing.
 *
 * @throws {PublishError} when another publish into the repository is under way
 */
export async function inLocalPlaces(options: LocalOptions, work: (places: Places) => Promise<void>): Promise<void> {
  const root = join(resolve(options.content), options.repository);
  const own = join(root, OWN_DIRECTORY);
  const partial = join(own, "partial");
  const scratch = join(own, "scratch");
  const places: Places = {
    content: directoryTarget(root, {
      partialOf: (path) => join(OWN_DIRECTORY, "partial", path.replaceAll("/", "_")),
      mayLink: options.mayLink,
    }),
    metadata: options.metadata,
    scratch,
    now: () => Math.floor(Date.now() / 1000),
  };
  if (options.isDryRun) return await work(places);
  const lock = takeLock(join(own, "lock"), root);
  const clear = async () => {
    await rm(partial, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    // What a publish that was killed left half done.
    await clear();
    await mkdir(scratch, { recursive: true });
    await work(places);
    await clear();
  } finally {
    lock.release();
  }
}
