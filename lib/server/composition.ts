import { createAuthenticator } from "../auth/authenticator.ts";
import type { Authorities } from "../auth/certificates/chain.ts";
import { createCertificateClients } from "../auth/certificates/clients.ts";
import { NO_ENTITLEMENTS } from "../auth/certificates/entitlements.ts";
import type { Config } from "../config/config.ts";
import { createContent } from "../content/content.ts";
import { createLocations } from "../core/location/location.ts";
import type { Log } from "../log.ts";
import type { Family } from "../metrics/family.ts";
import { createLoopbackDoor } from "../app/address-door.ts";
import { createAdminDoor } from "../app/admin-door.ts";
import { createAdmit, viewOf } from "../app/admission.ts";
import { type Registry, seesOnlyPublic, type View } from "../app/registry.ts";
import { createSearch } from "../search/search.ts";
import type { Snapshot } from "../store/snapshots.ts";
import { deploymentOf } from "./deployment.ts";

interface CompositionOptions {
  readonly config: Config;
  readonly log: Log;
  /** The present one, the same object as long as nothing changes. */
  readonly snapshot: () => Snapshot;
  /** Of `auth.client_ca`. */
  readonly authorities: Authorities | undefined;
  /** Gathers what is measured; absent where nothing is. */
  readonly gather?: (() => Promise<readonly Family[]>) | undefined;
  /** Whole seconds since 1970. */
  readonly now?: () => number;
}

/** The clock that says when a signed URL ends: whole seconds since 1970. */
export const secondsNow = (): number => Math.floor(Date.now() / 1000);

/** Makes a value anew only when what it is made of is another. */
function derived<From, To>(source: () => From, make: (from: From) => To): () => To {
  let seen = source();
  let made = make(seen);
  return () => {
    const present = source();
    if (present !== seen) {
      seen = present;
      made = make(present);
    }
    return made;
  };
}

/** Puts the rooms together. `close` ends what they watch. */
export async function composeRegistry({
  config,
  log,
  snapshot,
  authorities,
  gather,
  now = secondsNow,
}: CompositionOptions): Promise<{ readonly registry: Registry; readonly close: () => void }> {
  const { auth, general, server } = config;
  const locations = createLocations(config.cdn, now);
  const content = createContent(config.serveContent, { pollingInterval: general.pollingInterval, log });
  const authenticator = await createAuthenticator(auth, { log });
  const asksForCredentials = auth.htpasswd !== undefined || auth.token !== undefined;
  const publicView = derived(
    snapshot,
    ({ catalog }): View => ({
      catalog,
      maySee: seesOnlyPublic,
      locations,
      content,
      isPrivate: asksForCredentials,
      endpoint: general.endpoint,
    }),
  );
  const mayReadMetrics = createLoopbackDoor(server.trustedProxies);
  const certificateOptions = { auth, trustedProxies: server.trustedProxies, authorities, now: () => now() * 1000 };
  const certificateClients =
    auth.clientCertFormat === undefined ? undefined : createCertificateClients(certificateOptions);
  return {
    registry: {
      publicView,
      admit: createAdmit({
        publicView,
        authenticate: asksForCredentials ? authenticator.authenticate : undefined,
        certificateClients,
      }),
      search: createSearch(config, { log }),
      admin: createAdminDoor({
        showProtected: config.management.showProtected,
        trustedProxies: server.trustedProxies,
        dataDir: general.dataDir,
        load: snapshot,
        viewFor: (header, peer) => viewOf(publicView(), certificateClients?.(header, peer) ?? NO_ENTITLEMENTS),
      }),
      metrics: (header, peer) => (mayReadMetrics(header, peer) ? gather : undefined),
      health: () => true,
      readiness: () => {
        const { catalog, faults, loadedAt } = snapshot();
        const repositories = catalog.v1.names.length + catalog.v2.names.length;
        return { isLoaded: loadedAt !== undefined, repositories, faults: faults.size };
      },
      deployment: deploymentOf(config, { v1: content.v1 !== undefined, v2: content.v2 !== undefined }),
    },
    close: authenticator.close,
  };
}
