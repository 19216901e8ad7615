import { demoRepositories } from "./repositories.ts";
import type { StaticObject } from "./tree.ts";

/** The content of a registry: its redirect files, and the files of its static host. */
export interface DemoRegistry {
  /** JSON text by file name, for the data directory. */
  readonly redirectFiles: ReadonlyMap<string, string>;
  /** By path below `/static/`, without a slash in front. */
  readonly objects: ReadonlyMap<string, StaticObject>;
}

/**
 * Makes the registry that `craned demo` serves: the same bytes at every call.
 *
 * - `demo/legacy` is only on v1.
 * - `demo/hello` is only on v2, with every kind of manifest, and referrers; its file is of version 6.
 * - `demo/tree` has the same images in a tree of version 5.
 * - `demo/both` is on both, and its tag `1-ubuntu` only on v1.
 *
 * @param baseUrl where the static host answers; the content is below its `/static/`
 */
export function buildDemo(baseUrl: string): DemoRegistry {
  const host = baseUrl.replace(/\/+$/, "");
  const redirectFiles = new Map<string, string>();
  const objects = new Map<string, StaticObject>();
  for (const [directory, repository] of demoRepositories()) {
    const file = { ...repository.redirectFile, url: `${host}/static/${directory}/` };
    redirectFiles.set(`${directory.replace("/", "-")}.json`, `${JSON.stringify(file, null, 2)}\n`);
    for (const [path, object] of repository.objects) objects.set(`${directory}/${path}`, object);
  }
  return { redirectFiles, objects };
}
