import { parseRedirectFile } from "../core/redirect-file/parse.ts";
import { digestsIn, knowsAllBlobs } from "../core/redirect-file/whole-table.ts";
import { pooledStore } from "./blobs.ts";
import type { Report } from "./events.ts";
import { isOwnPath } from "./layout-paths.ts";
import { readState, type State, writeState } from "./state.ts";
import type { Target } from "./targets/target.ts";

interface PruneOptions {
  /** Seconds for which a file is kept after nothing refers to it any more; undefined keeps it for ever. */
  readonly after: number | undefined;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Removes files that nothing has referred to for long enough, and remembers since when nothing refers to the others.
 *
 * A file's own age would not do: a layer may have been there for years, and be in the middle of a pull when its last
 * tag goes.
 *
 * @param referenced paths that the redirect files lead to
 * @param isOwn whether a path is one that publishing makes; other files stay
 */
export async function prune(
  content: Target,
  referenced: ReadonlySet<string>,
  { unreferenced }: State,
  { after, now }: PruneOptions,
  report: Report,
  isOwn: (path: string) => boolean = isOwnPath,
): Promise<void> {
  const before = new Map(unreferenced);
  unreferenced.clear();
  for await (const path of content.list()) {
    if (referenced.has(path) || !isOwn(path)) continue;
    const since = before.get(path) ?? now;
    if (after === undefined || now - since < after) {
      unreferenced.set(path, since);
      continue;
    }
    await content.remove(path);
    report({ event: "removed", path });
  }
  await content.settle();
}

/** The blobs of a pool that the redirect files beside each other refer to; a text says why that can't be known. */
async function referencedInPool(metadata: Target, template: string): Promise<ReadonlySet<string> | string> {
  const { pathOf } = pooledStore(metadata);
  const referenced = new Set<string>();
  for await (const path of metadata.list()) {
    if (!/^v2\/[^./][^/]*\.json$/.test(path)) continue;
    const bytes = await metadata.read(path);
    const parsed = bytes === undefined ? undefined : parseRedirectFile(bytes);
    if (parsed?.ok === false) return `${metadata.name}/${path} is in error`;
    if (parsed?.repository.version !== 6 || parsed.repository.blobTemplate !== template) continue;
    if (!knowsAllBlobs(parsed.repository)) return `${metadata.name}/${path} does not name all of its blobs`;
    for (const digest of digestsIn(parsed.repository)) referenced.add(pathOf(digest));
  }
  return referenced;
}

/** Does the same for blobs that several repositories share. */
export async function prunePool(
  pool: Target,
  metadata: Target,
  template: string,
  options: PruneOptions,
  report: Report,
): Promise<void> {
  if (options.after === undefined) return;
  const referenced = await referencedInPool(metadata, template);
  if (typeof referenced === "string") {
    report({ event: "warning", text: `${pool.name}: nothing is removed, as ${referenced}` });
    return;
  }
  const state = await readState(pool, pooledStore(pool));
  await prune(pool, referenced, state, options, report, (path) => /^sha(256|512)\/[0-9a-f]+$/.test(path));
  await writeState(pool, state);
}
