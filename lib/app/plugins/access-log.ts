/** The formats of the access log. */
import type { Log } from "../../log.ts";
import { type Exchange, type Observer, templateOf } from "./observation.ts";
import { targetOf } from "./requests.ts";

/** The flags are eight bits, of which one has a meaning; versions after 00 may have more behind them. */
const TRACE_PARENT =
  /^(?:00-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}|(?!00|ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(?:-.*)?)$/;
const ZEROS = /^0+$/;

/** Returns the trace that a request belongs to. @see W3C Trace Context section 3.2 */
function traceOf({ headers }: Request): { readonly trace_id?: string; readonly span_id?: string } {
  const [, trace, span, later, laterSpan] = TRACE_PARENT.exec(headers.get("traceparent") ?? "") ?? [];
  const [traceId, spanId] = [trace ?? later, span ?? laterSpan];
  if (traceId === undefined || spanId === undefined || ZEROS.test(traceId) || ZEROS.test(spanId)) return {};
  return { trace_id: traceId, span_id: spanId };
}

/** Rounds to microseconds. */
const rounded = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;

/**
 * Writes lines with OpenTelemetry's names for their fields.
 *
 * @see OpenTelemetry, semantic conventions for HTTP, and for trace context in logs
 */
export const structuredAccess =
  (log: Log): Observer =>
  (exchange) => {
    const { request, method, id, client, peer, user, route, status, size, seconds } = exchange;
    const [path = "", query] = targetOf(request).split(/\?(.*)/s);
    log.info("request", {
      "client.address": client(),
      "network.peer.address": peer(),
      "user.name": user,
      "http.request.method": method,
      "url.path": path,
      "url.query": query,
      "http.route": route && templateOf(route),
      "http.response.status_code": status,
      "http.response.body.size": size,
      "http.server.request.duration": rounded(seconds),
      "user_agent.original": request.headers.get("user-agent") ?? undefined,
      "request.id": id(),
      ...traceOf(request),
    });
  };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits = (number: number, radix = 10): string => number.toString(radix).padStart(2, "0");

/** Writes local time and its offset, such as `25/Nov/2026:01:47:40 +0000`. */
export function commonTime(date: Date): string {
  const ahead = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  const offset = `${ahead < 0 ? "-" : "+"}${twoDigits(hours)}${twoDigits(minutes)}`;
  const day = `${twoDigits(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((each) => twoDigits(each)).join(":");
  return `${day}:${time} ${offset}`;
}

/** Characters that could end a field or the line, or are not ASCII. */
const UNSAFE = /["\\]|[^ -~]/;
const UNSAFE_BYTES = /["\\]|[^ -~]/g;

/** Writes unsafe bytes as `\xhh`, as Apache and nginx do. @param text one character a byte */
const escaped = (text: string): string =>
  UNSAFE.test(text) ? text.replace(UNSAFE_BYTES, (byte) => `\\x${twoDigits(byte.charCodeAt(0), 16)}`) : text;

const quoted = (text: string | null): string => `"${text === null || text === "" ? "-" : escaped(text)}"`;

/** A name is not quoted, so a space in it would begin the next field. */
const named = (user: string | undefined): string =>
  user === undefined || user === "" ? "-" : escaped(Buffer.from(user).toString("latin1")).replaceAll(" ", "\\x20");

interface CommonOptions {
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Whether Referer and User-Agent are added, which makes it NCSA's combined format. */
  readonly isCombined: boolean;
}

/** Writes lines in the format of httpd, which most tools read. @see Apache httpd "Common Log Format" */
export function commonAccess({ write, now, isCombined }: CommonOptions): Observer {
  let second = Number.NaN;
  let time = "";
  const timeOf = (date: Date): string => {
    const present = Math.floor(date.getTime() / 1000);
    if (present !== second) time = commonTime(date);
    second = present;
    return time;
  };
  return ({ request, method, client, user, status, size }: Exchange) => {
    const { headers } = request;
    const requestLine = quoted(`${method} ${targetOf(request)} HTTP/1.1`);
    const bytes = size === undefined || size === 0 ? "-" : size;
    const line = `${client()} - ${named(user)} [${timeOf(now())}] ${requestLine} ${status} ${bytes}`;
    const more = isCombined ? ` ${quoted(headers.get("referer"))} ${quoted(headers.get("user-agent"))}` : "";
    write(`${line}${more}\n`);
  };
}
