import type { Cdn, Signer } from "../core/location/location.ts";
import type { S3Access } from "../s3/connection.ts";
import type { Cidr } from "./cidr.ts";
import { type LimitValues, limitValues } from "./limits.ts";
import { SETTINGS } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { type TokenSettings, tokenSettings } from "./tokens.ts";

/** The whole configuration, read once at the start. Times are in seconds. */
export interface Config {
  readonly general: {
    readonly debug: boolean;
    readonly dataDir: string;
    readonly pollingInterval: number;
    /** `host` or `host:port`; absent means the Host header of the request. */
    readonly endpoint: string | undefined;
  };
  /** How the bucket of `dataDir` is reached; undefined when that is a directory. */
  readonly s3: S3Access | undefined;
  readonly server: {
    readonly host: string;
    /** 0 takes a free one. */
    readonly port: number;
    readonly workers: number;
    /** Paths of PEM files; absent means plain HTTP. */
    readonly tls: { readonly certificate: string; readonly key: string } | undefined;
    readonly trustedProxies: readonly Cidr[];
    readonly shutdownGrace: number;
  };
  readonly limits: LimitValues;
  readonly cdn: Cdn;
  readonly serveContent: {
    readonly enable: boolean;
    readonly contentDirV1: string;
    readonly contentDirV2: string;
    readonly useXSendfile: boolean;
    /** nginx's internal location, beginning with a slash. */
    readonly xAccelRedirect: string | undefined;
  };
  readonly gsa: { readonly url: string | undefined };
  /** The url contains `{0}` for what is searched. */
  readonly solr: { readonly url: string | undefined };
  readonly auth: {
    readonly htpasswd: string | undefined;
    /** Safe to be put between double quotes. */
    readonly realm: string;
    /** Who gives out bearer tokens, if anybody; then there is no htpasswd. */
    readonly token: TokenSettings | undefined;
    readonly clientCa: string | undefined;
    readonly clientCertHeader: string | undefined;
    readonly clientCertFormat: "nginx" | "apache" | "rfc9440" | "traefik" | "envoy" | undefined;
    /** Without `clientCa`, a certificate from the proxy is then believed as it is. */
    readonly clientCertVerifiedByProxy: boolean;
  };
  readonly log: {
    /** Absent means text on a terminal, json otherwise. */
    readonly format: "text" | "json" | undefined;
    readonly level: "debug" | "info" | "warn" | "error";
    readonly access: boolean;
    readonly accessFormat: "structured" | "common" | "combined";
    /** Whether answers say them; the log has them in any case. */
    readonly requestIds: boolean;
  };
  readonly admin: {
    readonly allow: readonly Cidr[];
    /** Whether they see protected repositories without a certificate. */
    readonly showProtected: boolean;
  };
  /** Empty means that nothing is measured. */
  readonly metrics: { readonly allow: readonly Cidr[] };
  readonly health: { readonly allow: readonly Cidr[] };
}

/** @param get gives the value of one setting */
export function configOf(
  get: <Value>(setting: Setting<Value>) => Value,
  signer: Signer | undefined,
): Omit<Config, "s3"> {
  const { general, server, cdn, serveContent, gsa, solr, auth, log, admin, metrics, health } = SETTINGS;
  const debug = get(general.debug);
  const certificate = get(server.tlsCertificate);
  const key = get(server.tlsKey);
  return {
    general: {
      debug,
      dataDir: get(general.dataDir),
      pollingInterval: get(general.pollingInterval),
      endpoint: get(general.endpoint),
    },
    server: {
      host: get(server.host),
      port: get(server.port),
      workers: get(server.workers),
      tls: certificate === undefined || key === undefined ? undefined : { certificate, key },
      trustedProxies: get(server.trustedProxies),
      shutdownGrace: get(server.shutdownGrace),
    },
    limits: limitValues(get),
    cdn: {
      urlMatch: get(cdn.urlMatch),
      urlReplace: get(cdn.urlReplace),
      signer,
    },
    serveContent: {
      enable: get(serveContent.enable),
      contentDirV1: get(serveContent.contentDirV1),
      contentDirV2: get(serveContent.contentDirV2),
      useXSendfile: get(serveContent.useXSendfile),
      xAccelRedirect: get(serveContent.xAccelRedirect),
    },
    gsa: { url: get(gsa.url) },
    solr: { url: get(solr.url) },
    auth: {
      htpasswd: get(auth.htpasswd),
      realm: get(auth.realm),
      token: tokenSettings(get),
      clientCa: get(auth.clientCa),
      clientCertHeader: get(auth.clientCertHeader),
      clientCertFormat: get(auth.clientCertFormat),
      clientCertVerifiedByProxy: get(auth.clientCertVerifiedByProxy),
    },
    log: {
      format: get(log.format),
      level: get(log.level) ?? (debug ? "debug" : "info"),
      access: get(log.access),
      accessFormat: get(log.accessFormat),
      requestIds: get(log.requestIds),
    },
    admin: { allow: get(admin.allow), showProtected: get(admin.showProtected) },
    metrics: { allow: get(metrics.allow) },
    health: { allow: get(health.allow) },
  };
}
