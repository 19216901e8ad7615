import type { Search } from "../search/search.ts";
import type { Deployment } from "./openapi/operation.ts";
import type { Admit } from "./plugins/authentication.ts";
import type { View } from "./view.ts";

/** The running registry, as the routes know it. */
export interface Registry {
  /** The view of all clients: the same object as long as nothing changes. */
  readonly publicView: () => View;
  /** Says what one client may see; undefined where all are admitted and all see the same. */
  readonly admit: Admit | undefined;
  readonly search: Search;
  readonly deployment: Deployment;
}
