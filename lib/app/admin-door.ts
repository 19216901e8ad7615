import type { Sight } from "./management/listing.ts";
import type { PageSource } from "./management/page.ts";
import type { Config } from "../config/config.ts";
import { createLoopbackDoor } from "./address-door.ts";
import type { HeaderGetter } from "./client-address.ts";

/** @returns what an administrator may see; undefined for everybody else */
export type AdminDoor = (header: HeaderGetter, peer: string) => PageSource | undefined;

interface AdminDoorOptions {
  readonly showProtected: boolean;
  readonly trustedProxies: Config["server"]["trustedProxies"];
  readonly dataDir: string;
  /** How the present snapshot came about. */
  readonly load: () => { readonly faults: PageSource["problems"]; readonly loadedAt: Date | undefined };
  /** The registry as this client sees it. */
  readonly viewFor: (header: HeaderGetter, peer: string) => Sight;
}

/**
 * Makes the door to the pages for administrators. The client's address opens it, and stands for a password or a token;
 * what a protected repository asks for it does not stand for, unless the configuration says so.
 */
export function createAdminDoor({
  showProtected,
  trustedProxies,
  dataDir,
  load,
  viewFor,
}: AdminDoorOptions): AdminDoor {
  const mayComeIn = createLoopbackDoor(trustedProxies);
  return (header, peer) => {
    if (!mayComeIn(header, peer)) return undefined;
    const { catalog, maySee } = viewFor(header, peer);
    const { faults, loadedAt } = load();
    return { catalog, maySee: showProtected ? () => true : maySee, problems: faults, loadedAt, dataDir };
  };
}
