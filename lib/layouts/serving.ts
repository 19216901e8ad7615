/** Layouts as a server needs them: a store that follows them, and the content of their blobs. */
import { type Content, contentIn } from "../content/content.ts";
import type { Log } from "../log.ts";
import { type Following, follow, type Store } from "../store/store.ts";
import type { GivenName } from "./given-name.ts";
import { createLayouts } from "./layouts.ts";

/** The layouts that `craned serve` serves in place of a data directory. */
export interface LayoutPaths {
  readonly paths: readonly string[];
  /** For images without a name. */
  readonly given: GivenName | undefined;
}

interface ServedLayouts {
  readonly content: { readonly v2: Content };
  /** Opens the layouts, and keeps them up to date. */
  readonly open: (following: Following) => Promise<Store>;
}

/** Prepares to serve layouts as they are. */
export function servedLayouts({ paths, given }: LayoutPaths, pollingInterval: number, log: Log): ServedLayouts {
  let scanPending = () => {};
  const layouts = createLayouts(paths, {
    given,
    warn: (text) => log.warn(text),
    watch: { scanPending: () => scanPending(), pollingInterval, log },
  });
  return {
    content: { v2: contentIn("v2", layouts.blobs, pollingInterval) },
    open: (following) =>
      follow((scan) => {
        scanPending = scan;
        return layouts;
      }, following),
  };
}
