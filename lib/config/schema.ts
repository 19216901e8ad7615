/**
 * Every section and key there is: what it means, what it must be, what it is if nobody says.
 *
 * Files, environment variables, flags, `--help` and the reference of the configuration are all read off this table.
 *
 * @see spec "Configuration"
 */
import { CDN_SETTINGS } from "./cdn.ts";
import * as kinds from "./kinds.ts";
import { LIMIT_SETTINGS } from "./limits.ts";
import { LOG_SETTINGS } from "./logging.ts";
import { HEALTH_SETTINGS, METRICS_SETTINGS } from "./observation.ts";
import { dataPlace, S3_SETTINGS } from "./s3.ts";
import { optional, type Setting, setting } from "./setting.ts";

// setTimeout keeps milliseconds in 31 bits, and fires at once beyond.
const MAX_TIMER_SECONDS = 2_147_483;

/** The table. Properties are named as in `Config`, settings as in files. */
export const SETTINGS = {
  general: {
    debug: setting("general.debug", kinds.boolean, "false", "Log at level debug, unless log.level says otherwise"),
    dataDir: setting(
      "general.data_dir",
      dataPlace,
      "/var/lib/crane/metadata/",
      "Directory of the redirect files, or their place in a bucket, read with all that is below it",
    ),
    pollingInterval: setting(
      "general.data_dir_polling_interval",
      kinds.integer(1, MAX_TIMER_SECONDS),
      "60",
      "Seconds between two looks for changes that the file system did not report",
    ),
    endpoint: optional(
      "general.endpoint",
      kinds.endpoint,
      "the Host header of the request",
      "Name and port that v1 clients are told to use, sent as X-Docker-Endpoints",
    ),
  },
  s3: S3_SETTINGS,
  cdn: CDN_SETTINGS,
  serveContent: {
    enable: setting("serve_content.enable", kinds.boolean, "false", "Serve files from disk instead of redirecting"),
    contentDirV1: setting(
      "serve_content.content_dir_v1",
      kinds.path,
      "/var/www/pub/docker/v1/web/",
      "Directory of the v1 content, one subdirectory a repository",
    ),
    contentDirV2: setting(
      "serve_content.content_dir_v2",
      kinds.path,
      "/var/www/pub/docker/v2/web/",
      "Directory of the v2 content, one subdirectory a repository",
    ),
    useXSendfile: setting(
      "serve_content.use_x_sendfile",
      kinds.boolean,
      "false",
      "Name the file in an X-Sendfile header and let Apache in front send it",
    ),
    xAccelRedirect: optional(
      "serve_content.x_accel_redirect",
      kinds.urlPath,
      "nginx is not asked",
      "Internal location of nginx in front under which it finds the content, named in an X-Accel-Redirect header",
    ),
  },
  gsa: {
    url: optional("gsa.url", kinds.httpUrl(), "no such backend", "Google Search Appliance that answers v1 searches"),
  },
  solr: {
    url: optional(
      "solr.url",
      kinds.httpUrl("{0}"),
      "no such backend",
      "Solr query that answers v1 searches; {0} stands for what is searched",
    ),
  },
  server: {
    host: setting("server.host", kinds.host, "0.0.0.0", "Address to listen on"),
    port: setting("server.port", kinds.integer(0, 65_535), "5000", "Port to listen on; 0 takes a free one"),
    workers: setting("server.workers", kinds.integer(1, 64), "1", "Processes that share the port"),
    tlsCertificate: optional(
      "server.tls_certificate",
      kinds.path,
      "plain HTTP",
      "PEM file of the server's certificate and what leads up to its issuer",
    ),
    tlsKey: optional(
      "server.tls_key",
      kinds.path,
      "plain HTTP",
      "PEM file of the private key to server.tls_certificate",
    ),
    trustedProxies: setting(
      "server.trusted_proxies",
      kinds.cidrList,
      "",
      "Proxies that are believed about who the client is",
    ),
    shutdownGrace: setting(
      "server.shutdown_grace",
      kinds.integer(0, MAX_TIMER_SECONDS),
      "10",
      "Seconds that open requests are given to end when the server stops",
    ),
  },
  limits: LIMIT_SETTINGS,
  auth: {
    htpasswd: optional("auth.htpasswd", kinds.path, "no passwords", "File of user names and bcrypt hashes"),
    realm: setting("auth.realm", kinds.quotable, "craned", "Name under which a client asks its user for a password"),
    tokenRealm: optional(
      "auth.token_realm",
      kinds.httpUrl(),
      "no tokens",
      "URL of the server that gives out bearer tokens, which clients are sent to",
    ),
    tokenService: optional(
      "auth.token_service",
      kinds.quotable,
      "no tokens",
      "Name of this registry with the token server, which tokens must have as audience",
    ),
    tokenIssuer: optional(
      "auth.token_issuer",
      kinds.quotable,
      "no tokens",
      "Name of the token server, which tokens must have as issuer",
    ),
    tokenJwks: optional(
      "auth.token_jwks",
      kinds.path,
      "no tokens",
      "File of the public keys that tokens are signed with, a JSON Web Key Set",
    ),
    clientCa: optional(
      "auth.client_ca",
      kinds.path,
      "no issuer is trusted",
      "PEM file of the authorities whose client certificates count",
    ),
    clientCertHeader: optional(
      "auth.client_cert_header",
      kinds.headerName,
      "the usual one of auth.client_cert_format",
      "Header in which a trusted proxy hands on the client's certificate",
    ),
    clientCertFormat: optional(
      "auth.client_cert_format",
      kinds.choice("nginx", "apache", "rfc9440", "traefik", "envoy"),
      "no client certificates",
      "Way in which the proxy writes the certificate into the header",
    ),
    clientCertVerifiedByProxy: setting(
      "auth.client_cert_verified_by_proxy",
      kinds.boolean,
      "false",
      "The proxy lets no certificate through that it has not verified, so that it counts without auth.client_ca",
    ),
  },
  log: LOG_SETTINGS,
  admin: {
    allow: setting(
      "admin.allow",
      kinds.cidrList,
      "127.0.0.0/8, ::1",
      "Clients that may see the pages for administrators; empty means nobody",
    ),
    showProtected: setting(
      "admin.show_protected",
      kinds.boolean,
      "false",
      "Show them protected repositories too, whether or not their certificate opens them",
    ),
  },
  metrics: METRICS_SETTINGS,
  health: HEALTH_SETTINGS,
} as const;

/** What each section is about, in the order of the reference. */
export const SECTIONS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "general", description: "Where redirect files are, and how they are watched" },
  {
    name: "s3",
    description:
      "The S3 server, where general.data_dir is in a bucket; keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  },
  { name: "server", description: "Listening, TLS and the processes" },
  { name: "limits", description: "What clients may take; each worker has its own" },
  { name: "cdn", description: "Rewriting and signing the URLs that v2 clients are sent to" },
  { name: "serve_content", description: "Serving content from disk" },
  { name: "auth", description: "Who the client is" },
  { name: "admin", description: "Who may see the pages for administrators" },
  { name: "metrics", description: "Who may see what is measured" },
  { name: "health", description: "Who may ask whether it is alive and ready" },
  { name: "log", description: "What is logged, and how" },
  { name: "gsa", description: "Searching by a Google Search Appliance" },
  { name: "solr", description: "Searching by Solr" },
];

/** All settings, in the order of the table. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS).flatMap((section) =>
  Object.values<Setting<unknown>>(section),
);

/** The section of a setting, as a file has it. */
export const sectionOf = ({ name }: Setting<unknown>): string => name.slice(0, name.indexOf("."));

/** The environment variable of a setting: `CRANE_GENERAL_DATA_DIR`. */
export const variableOf = ({ name }: Setting<unknown>): string => `CRANE_${name.replace(".", "_").toUpperCase()}`;

/** The flag of a setting; the two sections that most people need are left out: `--data-dir`, `--port`, `--log-level`. */
export const flagOf = ({ name }: Setting<unknown>): string =>
  `--${name.replace(/^(?:general|server)\./, "").replace(/[._]/g, "-")}`;
