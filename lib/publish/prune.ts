import type { Report } from "./events.ts";
import { isOwnPath } from "./layout-paths.ts";
import type { State } from "./state.ts";
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
 */
export async function prune(
  content: Target,
  referenced: ReadonlySet<string>,
  { unreferenced }: State,
  { after, now }: PruneOptions,
  report: Report,
): Promise<void> {
  const before = new Map(unreferenced);
  unreferenced.clear();
  for await (const path of content.list()) {
    if (referenced.has(path) || !isOwnPath(path)) continue;
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
