import type { Cdn } from "../core/location/location.ts";
import type { S3Access } from "../s3/connection.ts";
import { type AuthConfig, readAuth } from "./auth.ts";
import { readCdn } from "./cdn.ts";
import { type MirrorConfig, readMirror } from "./mirror.ts";
import { type SectionReader, type Values, valuesOf } from "./reading.ts";
import { readS3 } from "./s3.ts";
import { SETTINGS } from "./schema.ts";
import { type ManagementConfig, readManagement, readServer, type ServerConfig } from "./server.ts";

type Settings = typeof SETTINGS;

/** The whole configuration, read once at the start. Times are in seconds. */
export interface Config {
  readonly general: Values<Settings["general"]>;
  /** Access to the bucket of `dataDir`; undefined for a directory. */
  readonly s3: S3Access | undefined;
  readonly server: ServerConfig;
  readonly management: ManagementConfig;
  readonly limits: Values<Settings["limits"]>;
  readonly cdn: Cdn;
  /** An empty directory serves nothing of its API. */
  readonly serveContent: Values<Settings["serveContent"]>;
  readonly auth: AuthConfig;
  /** May hold `*`. */
  readonly cors: Values<Settings["cors"]>;
  /** Undefined where the section has no keys. */
  readonly mirror: MirrorConfig | undefined;
  /** `enabled` is undefined where it depends on who may see the catalogue. */
  readonly pages: Omit<Values<Settings["pages"]>, "notice"> & { readonly notice: string };
  readonly log: Omit<Values<Settings["log"]>, "level"> & { readonly level: "debug" | "info" | "warn" | "error" };
  readonly gsa: Values<Settings["gsa"]>;
  readonly solr: Values<Settings["solr"]>;
}

/** Reads all sections. */
export function readSections(reading: SectionReader): Config {
  const { get } = reading;
  const general = valuesOf(SETTINGS.general, get);
  const server = readServer(reading);
  return {
    general,
    s3: readS3(reading, general.dataDir),
    server,
    management: readManagement(reading, server),
    limits: valuesOf(SETTINGS.limits, get),
    cdn: readCdn(reading),
    serveContent: valuesOf(SETTINGS.serveContent, get),
    auth: readAuth(reading, SETTINGS.server.trustedProxies),
    cors: valuesOf(SETTINGS.cors, get),
    mirror: readMirror(reading),
    pages: { ...valuesOf(SETTINGS.pages, get), notice: get(SETTINGS.pages.notice) ?? "" },
    log: { ...valuesOf(SETTINGS.log, get), level: get(SETTINGS.log.level) ?? (general.debug ? "debug" : "info") },
    gsa: valuesOf(SETTINGS.gsa, get),
    solr: valuesOf(SETTINGS.solr, get),
  };
}
