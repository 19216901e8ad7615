/** Puts the program together from its configuration. */
import type { AnyElysia } from "elysia";
import { createApp } from "../app/app.ts";
import { createManagementApp, liveness, type Management, managementRoutes } from "../app/management/routes.ts";
import type { Deployment } from "../app/openapi/operation.ts";
import { browsing } from "../app/pages/browse/routes.ts";
import { documentation } from "../app/pages/docs/routes.ts";
import { createAdmit } from "../app/plugins/authentication.ts";
import type { Observer } from "../app/plugins/observation.ts";
import { requestMetrics } from "../app/plugins/request-metrics.ts";
import { isPublic, type View } from "../app/view.ts";
import { createAuthenticator } from "../auth/authenticator.ts";
import type { Authorities } from "../auth/certificates/chain.ts";
import { type CertificateClients, createCertificateClients } from "../auth/certificates/clients.ts";
import { DEFAULT_HEADERS } from "../auth/certificates/headers.ts";
import { describeListenAddress } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { createContent } from "../content/content.ts";
import type { Catalog } from "../core/catalog/catalog.ts";
import { createLocations } from "../core/location/location.ts";
import type { Log } from "../log.ts";
import type { MetricsRegistry } from "../prometheus.ts";
import { createSearch } from "../search/search.ts";
import { createLearnedTags } from "../store/learned-tags.ts";
import type { Snapshot } from "../store/snapshots.ts";
import { type Metrics, writeMetrics } from "./metrics.ts";

interface CompositionOptions {
  readonly config: Config;
  readonly log: Log;
  /** Present snapshot: the same object as long as nothing changes. */
  readonly snapshot: () => Snapshot;
  /** Authorities of `auth.client_ca`: the same object as long as they don't change. */
  readonly authorities?: () => Authorities | undefined;
  /** Writes the access log; absent where it is off. */
  readonly accessLog?: Observer | undefined;
  readonly metrics: MetricsRegistry;
  /** Content of layouts, in place of that of serve_content. */
  readonly content?: View["content"] | undefined;
  /** Gathers the metrics of all workers. */
  readonly gather: () => Promise<readonly Metrics[]>;
  /** Further routes, such as the demo's static files. */
  readonly others?: readonly AnyElysia[];
  /** Whole seconds since 1970. */
  readonly now?: () => number;
}

/** The composed program. */
export interface Composed {
  readonly app: AnyElysia;
  readonly managementApp: AnyElysia;
  readonly readiness: Management["readiness"];
  /** Is to be called with each new snapshot. */
  readonly onChange: (snapshot: Snapshot) => void;
  /** Writes the OpenAPI document. */
  readonly document: () => Promise<string>;
  /** Ends what it watches. */
  readonly close: () => void;
}

/** Clock of signed URLs: whole seconds since 1970. */
export const secondsNow = (): number => Math.floor(Date.now() / 1000);

/** Makes a value anew only when its source changes. */
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

/** Names the request headers that decide what a client sees, as Vary lists them; undefined where all see the same. */
function variesBy({ auth }: Config, { v1, v2 }: Catalog): string | undefined {
  const asksForCredentials = auth.htpasswd !== undefined || auth.token !== undefined;
  const { clientCertFormat: format, clientCertHeader = format && DEFAULT_HEADERS[format] } = auth;
  if (!asksForCredentials && format === undefined && v1.protectedCount + v2.protectedCount === 0) return undefined;
  return format === undefined ? "Authorization" : `Authorization, ${clientCertHeader}`;
}

/** Tells what of the configuration the OpenAPI document depends on. */
function deploymentOf({ auth, cors, gsa, solr, log, management }: Config, content: View["content"]): Deployment {
  const { listen, onRegistryPort } = management;
  const place = listen === undefined ? "" : describeListenAddress(listen);
  return {
    credentials: auth.token
      ? { kind: "bearer", realm: auth.token.realm, service: auth.token.service }
      : { kind: auth.htpasswd === undefined ? "none" : "basic" },
    takesCertificates: auth.clientCertFormat !== undefined,
    sends: { v1: content.v1 !== undefined, v2: content.v2 !== undefined },
    searchesElsewhere: gsa.url !== undefined || solr.url !== undefined,
    sendsIds: log.requestIds,
    hasCors: cors.origins.length > 0,
    management:
      listen === undefined || onRegistryPort
        ? undefined
        : {
            url: `http://${listen.kind === "unix" ? "localhost" : place}`,
            description: `Management, on ${place}`,
          },
  };
}

/** Tells whether browsers find pages: by default where everyone may see the catalogue. */
export const hasPages = ({ pages, auth }: Config): boolean =>
  pages.enabled ?? (auth.htpasswd === undefined && auth.token === undefined);

/** Lists the pages of the registry's listener, which link to each other. */
function linksOn(config: Config) {
  const hasFront = hasPages(config);
  const front = hasFront ? [{ path: "", text: "Repositories" }] : [];
  const docs = [{ path: "docs", text: "API" }];
  const management = config.management.onRegistryPort ? [{ path: "crane/repositories", text: "Management" }] : [];
  const from = (root: string, pages: readonly { readonly path: string; readonly text: string }[]) =>
    pages.map(({ path, text }) => ({ href: root + path, text }));
  return {
    forFront: from("", [...docs, ...management]),
    forDocs: {
      brand: hasFront ? config.pages.title : "craned",
      home: hasFront ? "./" : undefined,
      navigation: from("./", [...front, ...docs, ...management]),
      current: "./docs",
    },
    forManagement: from("/", [...front.map(({ path }) => ({ path, text: "Front page" })), ...docs]),
  };
}

/** The reader of client certificates, which forgets those that it verified when the authorities change. */
function certificateClients(
  { auth, server: { trustedProxies } }: Config,
  authorities: () => Authorities | undefined,
  now: () => number,
): CertificateClients {
  const clients = derived(authorities, (present) =>
    createCertificateClients({ auth, trustedProxies, authorities: present, now: () => now() * 1000 }),
  );
  return (get, peer) => clients()(get, peer);
}

/** Puts the rooms together. */
export async function compose(options: CompositionOptions): Promise<Composed> {
  const {
    config,
    log,
    snapshot,
    authorities = () => undefined,
    accessLog,
    metrics,
    gather,
    others = [],
    now = secondsNow,
  } = options;
  const { auth, general, server, management, serveContent, mirror } = config;
  const { trustedProxies } = server;
  const locations = createLocations(config.cdn, now);
  const content = options.content ?? createContent(serveContent, { pollingInterval: general.pollingInterval, log });
  const authenticator = await createAuthenticator(auth, { log, maxWait: config.limits.idleTimeout * 500 });
  const learned = general.learnTags
    ? createLearnedTags({
        locate: ({ url }, path) => locations.v2(url, path),
        pollingInterval: Math.max(1, general.pollingInterval),
        log,
      })
    : undefined;
  const publicView = derived(
    snapshot,
    ({ catalog }): View => ({
      catalog,
      maySee: isPublic,
      locations,
      content,
      variesBy: variesBy(config, catalog),
      endpoint: general.endpoint,
      pollingInterval: general.pollingInterval,
      mirror,
      learnedTags: learned?.tagsOf,
    }),
  );
  const deployment = deploymentOf(config, content);
  const registry = {
    publicView,
    admit: createAdmit({
      publicView,
      authenticate: auth.htpasswd === undefined && auth.token === undefined ? undefined : authenticator.authenticate,
      certificateClients:
        auth.clientCertFormat === undefined ? undefined : certificateClients(config, authorities, now),
    }),
    search: createSearch(config, { log }),
    deployment,
  };
  const readiness = () => {
    const { catalog, faults, loadedAt } = snapshot();
    const repositories = catalog.v1.names.length + catalog.v2.names.length;
    return { isLoaded: loadedAt !== undefined, repositories, faults: faults.size };
  };
  const managed: Management = {
    view: publicView,
    showProtected: management.showProtected,
    load: snapshot,
    dataDir: general.dataDir,
    readiness,
    metrics: async (isOpenMetrics) => writeMetrics(await gather(), isOpenMetrics),
  };
  const observers = [requestMetrics(metrics), ...(accessLog === undefined ? [] : [accessLog])];
  // Most servers are never asked for it, and what makes it takes as long to load as Elysia.
  const document = async (): Promise<string> => {
    const { openApiText } = await import("../app/openapi/document.ts");
    return openApiText({ app, management: managementApp, deployment });
  };
  const managementApp = createManagementApp(managed, management.hosts);
  const shown = linksOn(config);
  const pages = hasPages(config) ? [browsing(registry, { ...config.pages, links: shown.forFront })] : [];
  const app: AnyElysia = createApp({
    registry,
    observe: {
      observers,
      trustedProxies,
      sendsIds: config.log.requestIds,
    },
    onFault: (error, id) => log.error("request failed", { error: String(error), "request.id": id }),
    origins: config.cors.origins,
    others: [
      management.onRegistryPort ? managementRoutes(managed, shown.forManagement) : liveness,
      documentation(document, shown.forDocs),
      ...pages,
      ...others,
    ],
  });
  return {
    app,
    managementApp,
    readiness,
    document,
    onChange: ({ catalog }) => void learned?.follow(catalog),
    close: () => {
      learned?.close();
      authenticator.close();
    },
  };
}
