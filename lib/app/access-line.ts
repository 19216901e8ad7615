/** The forms that the line of a request may have. */
import { headerIn } from "../http/fields.ts";
import type { Log } from "../log.ts";
import type { Access, AccessWriter } from "./access-log.ts";
import { OTHER, routeTemplate } from "./route-template.ts";
import { parseTarget } from "./target.ts";

const headerOf = ({ request }: Access, name: string): string | undefined =>
  "fields" in request ? headerIn(request.fields, name) : undefined;

/** The flags are eight bits of which one means something; the versions after 00 may have more behind them. */
const TRACE_PARENT =
  /^(?:00-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}|(?!00|ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(?:-.*)?)$/;
const ZEROS = /^0+$/;

/** What a client says of the trace that its request belongs to. @see W3C Trace Context section 3.2 */
function traceOf(access: Access): { readonly trace_id?: string; readonly span_id?: string } {
  const [, trace, span, later, laterSpan] = TRACE_PARENT.exec(headerOf(access, "traceparent") ?? "") ?? [];
  const [traceId, spanId] = [trace ?? later, span ?? laterSpan];
  if (traceId === undefined || spanId === undefined || ZEROS.test(traceId) || ZEROS.test(spanId)) return {};
  return { trace_id: traceId, span_id: spanId };
}

/** Microseconds are as fine as a clock is worth; in seconds. */
const rounded = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;

/**
 * Lines of the log, with the names that OpenTelemetry has for their parts.
 *
 * @param ownPaths what is there beside the APIs
 * @see OpenTelemetry, semantic conventions for HTTP, and for trace context in logs
 */
export function structuredAccess(log: Log, ownPaths: ReadonlySet<string>): AccessWriter {
  return (access) => {
    const { request, id, client, peer, user, status, size, duration } = access;
    const mark = request.target.indexOf("?");
    const route = routeTemplate(parseTarget(request.target).route, request.target, ownPaths);
    const isRead = "fields" in request;
    log.info(isRead ? "request" : "request refused", {
      "client.address": client,
      "network.peer.address": peer,
      "user.name": user,
      "http.request.method": request.method,
      "url.path": mark === -1 ? request.target : request.target.slice(0, mark),
      "url.query": mark === -1 ? undefined : request.target.slice(mark + 1),
      "http.route": route === OTHER ? undefined : route,
      "http.response.status_code": status,
      "http.response.body.size": size,
      "http.server.request.duration": duration === undefined ? undefined : rounded(duration),
      "user_agent.original": headerOf(access, "user-agent"),
      "error.message": isRead ? undefined : request.reason,
      "request.id": id,
      ...traceOf(access),
    });
  };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits = (number: number, radix = 10): string => number.toString(radix).padStart(2, "0");

/** As `25/Nov/2026:01:47:40 +0000`: local time, and how far it is ahead of UTC. */
export function commonTime(date: Date): string {
  const ahead = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  const offset = `${ahead < 0 ? "-" : "+"}${twoDigits(hours)}${twoDigits(minutes)}`;
  const day = `${twoDigits(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((each) => twoDigits(each)).join(":");
  return `${day}:${time} ${offset}`;
}

/** What could end a field or the line, or is no ASCII. */
const UNSAFE = /["\\]|[^ -~]/;
const UNSAFE_BYTES = /["\\]|[^ -~]/g;

/** Bytes as `\xhh`, as Apache and nginx write them. @param text one character a byte */
const escaped = (text: string): string =>
  UNSAFE.test(text) ? text.replace(UNSAFE_BYTES, (byte) => `\\x${twoDigits(byte.charCodeAt(0), 16)}`) : text;

const quoted = (text: string | undefined): string => `"${text === undefined || text === "" ? "-" : escaped(text)}"`;

/** A name stands without quotes, so a space in it would begin the next field. */
const named = (user: string | undefined): string =>
  user === undefined || user === "" ? "-" : escaped(Buffer.from(user).toString("latin1")).replaceAll(" ", "\\x20");

function requestLine({ request }: Access): string {
  const { method, target } = request;
  return "fields" in request ? `${method} ${target} HTTP/1.${request.isHttp10 ? 0 : 1}` : `${method} ${target}`.trim();
}

interface CommonOptions {
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Whether Referer and User-Agent are added, which makes it NCSA's combined format. */
  readonly isCombined: boolean;
}

/** Lines as httpd wrote them first, and as most tools read them. @see Apache httpd "Common Log Format" */
export function commonAccess({ write, now, isCombined }: CommonOptions): AccessWriter {
  let second = Number.NaN;
  let time = "";
  const timeOf = (date: Date): string => {
    const present = Math.floor(date.getTime() / 1000);
    if (present !== second) time = commonTime(date);
    second = present;
    return time;
  };
  return (access) => {
    const { client, user, status, size } = access;
    const line = `${client} - ${named(user)} [${timeOf(now())}] ${quoted(requestLine(access))} ${status} ${size === 0 ? "-" : size}`;
    const more = isCombined ? ` ${quoted(headerOf(access, "referer"))} ${quoted(headerOf(access, "user-agent"))}` : "";
    write(`${line}${more}\n`);
  };
}
