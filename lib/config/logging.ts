import * as kinds from "./kinds.ts";
import { optional, setting } from "./setting.ts";

/** The section of the log in the table of settings. */
export const LOG_SETTINGS = {
  format: optional(
    "log.format",
    kinds.choice("text", "json"),
    "text on a terminal, json otherwise",
    "Form of the log's lines",
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
    "Form of a request's line: as all others of the log, or httpd's common or combined one on standard output",
  ),
  requestIds: setting(
    "log.request_ids",
    kinds.boolean,
    "false",
    "Tell clients the id of their request, as X-Request-Id",
  ),
} as const;
