/**
 * Every section and key of the configuration: its meaning, what it expects and its default.
 *
 * Files, environment variables, flags, `--help` and the configuration reference all come from this table.
 *
 * @see spec "Configuration"
 */
import { AUTH_SETTINGS } from "./auth.ts";
import { CDN_SETTINGS } from "./cdn.ts";
import * as kinds from "./kinds.ts";
import { LIMIT_SETTINGS } from "./limits.ts";
import { MIRROR_SECTION } from "./mirror.ts";
import { dataPlace, S3_SETTINGS } from "./s3.ts";
import { MANAGEMENT_SETTINGS, MAX_TIMER_SECONDS, SERVER_SETTINGS } from "./server.ts";
import { type NamedSetting, optional, type Setting, secretFileOf, setting } from "./setting.ts";

/** The table. Properties are named as in `Config`, settings as in files. */
export const SETTINGS = {
  general: {
    debug: setting("general.debug", kinds.boolean, "false", "Log at level debug, unless log.level says otherwise"),
    dataDir: setting(
      "general.data_dir",
      dataPlace,
      "/var/lib/crane/metadata/",
      "Directory of the redirect files, read with all of its subdirectories, or their place in a bucket",
    ),
    pollingInterval: setting(
      "general.data_dir_polling_interval",
      kinds.integer(0, MAX_TIMER_SECONDS),
      "60",
      "Interval of polling for changes that the file system does not report, in seconds; 0 polls once a second",
    ),
    endpoint: optional(
      "general.endpoint",
      kinds.endpoint,
      "the Host header of the request",
      "Host and port that v1 clients are told to use, sent as X-Docker-Endpoints",
    ),
    learnTags: setting(
      "general.learn_tags",
      kinds.boolean,
      "false",
      "Read the tags of redirect files of versions 2 to 4 from their tags/list, so that unknown tags are 404",
    ),
  },
  s3: S3_SETTINGS,
  cdn: CDN_SETTINGS,
  serveContent: {
    enable: setting("serve_content.enable", kinds.boolean, "false", "Serve files from disk instead of redirecting"),
    contentDirV1: setting(
      "serve_content.content_dir_v1",
      kinds.pathOrNothing,
      "/var/www/pub/docker/v1/web/",
      "Directory of the v1 content, with a subdirectory for each repository; nothing serves no v1 content",
    ),
    contentDirV2: setting(
      "serve_content.content_dir_v2",
      kinds.pathOrNothing,
      "/var/www/pub/docker/v2/web/",
      "Directory of the v2 content, with a subdirectory for each repository; nothing serves no v2 content",
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
      "Internal location of nginx in front that has the content, named in an X-Accel-Redirect header",
    ),
    linkRoots: setting(
      "serve_content.link_roots",
      kinds.directories,
      "/var/lib/pulp/published/docker/, /var/lib/pulp/content/, /var/www/pub/docker/",
      "Directories that symbolic links may lead into, besides the content directory itself",
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
      "Solr query that answers v1 searches; {0} is replaced by the search term",
    ),
  },
  server: SERVER_SETTINGS,
  limits: LIMIT_SETTINGS,
  auth: AUTH_SETTINGS,
  management: MANAGEMENT_SETTINGS,
  cors: {
    origins: setting(
      "cors.origins",
      kinds.origins,
      "",
      "Origins of web pages that may read the registry's answers; * allows all",
    ),
  },
  pages: {
    enabled: optional(
      "pages.enabled",
      kinds.boolean,
      "true where everyone may see the catalogue",
      "Show browsers a front page and a page for each repository",
    ),
    title: setting("pages.title", kinds.text, "Container registry", "Title of the pages"),
    notice: optional("pages.notice", kinds.text, "no notice", "Text shown at the top of the pages"),
  },
  log: {
    format: optional(
      "log.format",
      kinds.choice("text", "json"),
      "text on a terminal, json otherwise",
      "Format of the log",
    ),
    level: optional(
      "log.level",
      kinds.choice("debug", "info", "warn", "error"),
      "info, or debug with general.debug",
      "Lowest level that is logged",
    ),
    access: setting("log.access", kinds.boolean, "false", "Log every request, whatever log.level is"),
    accessFormat: setting(
      "log.access_format",
      kinds.choice("structured", "common", "combined"),
      "structured",
      "Format of a request's line: that of the log, or httpd's common or combined format on standard output",
    ),
    requestIds: setting(
      "log.request_ids",
      kinds.boolean,
      "false",
      "Send clients the id of their request, as X-Request-Id",
    ),
  },
};

/** The sections, in the order of the reference. */
export const SECTIONS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "general", description: "Where redirect files are, and how they are watched" },
  {
    name: "s3",
    description:
      "The S3 server, where general.data_dir is in a bucket; keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or those of an AWS profile or role",
  },
  { name: "server", description: "Listening, TLS and processes" },
  { name: "management", description: "Metrics, readiness and the repository pages, on an address of their own" },
  { name: "limits", description: "Limits for clients; each worker has its own" },
  { name: "cdn", description: "Rewriting and signing of the URLs that v2 clients are redirected to" },
  { name: "serve_content", description: "Serving content from disk" },
  { name: "auth", description: "Authentication of clients" },
  { name: "cors", description: "Cross-origin requests of web pages" },
  {
    name: MIRROR_SECTION,
    description: "Mirrors of other registries, for the clients that name one with ?ns=",
  },
  { name: "pages", description: "Pages for browsers" },
  { name: "log", description: "The log" },
  { name: "gsa", description: "Search with a Google Search Appliance" },
  { name: "solr", description: "Search with Solr" },
];

/** Settings of earlier versions, with what to use now. */
export const REMOVED_SETTINGS: ReadonlyMap<string, string> = new Map([
  ["admin.allow", "management.listen, the address where the repository pages are served"],
  ["admin.show_protected", "management.show_protected"],
  ["metrics.allow", "management.listen, the address where metrics are served"],
  ["health.allow", "management.listen, the address where readiness is served"],
  ["limits.request_line_bytes", "limits.header_bytes, which bounds the request line and the headers together"],
  ["limits.header_lines", "limits.header_bytes, which bounds the headers whatever their number"],
  ["limits.head_timeout", "nothing: unfinished requests are cut off after 12 seconds"],
  ["limits.stall_timeout", "limits.idle_timeout, which ends connections that take nothing of their answer too"],
  ["limits.buffered_bytes", "limits.connections and limits.header_bytes, whose product bounds unfinished requests"],
]);

/** All settings, in the order of the table. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS)
  .flatMap((section) => Object.values<Setting<unknown>>(section))
  .flatMap((each) => (each.isSecret ? [each, secretFileOf(each)] : [each]));

/** The section of a setting, as a file has it. */
export const sectionOf = ({ name }: NamedSetting): string => name.slice(0, name.indexOf("."));

/** The environment variable of a setting: `CRANE_GENERAL_DATA_DIR`. */
export const variableOf = ({ name }: NamedSetting): string => `CRANE_${name.replace(".", "_").toUpperCase()}`;

/** The flag of a setting, without the two sections that most people need: `--data-dir`, `--port`, `--log-level`. */
export const flagOf = ({ name }: NamedSetting): string =>
  `--${name.replace(/^(?:general|server)\./, "").replace(/[._]/g, "-")}`;
