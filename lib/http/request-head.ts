/**
 * Reads the head of an HTTP/1.x request, strictly: what two readers could understand in two ways is refused.
 *
 * The target stays as it was sent. Bun's own server hands out a path that is already normalised (`..` resolved,
 * backslashes turned), refuses methods that it does not know without an answer, and says 505 to a broken line;
 * a registry has to see and answer those itself.
 *
 * @see RFC 9112
 */

import { type FieldsMemo, type HeadLimits, readFieldsOnce, TOO_MANY } from "./fields.ts";

/** The head of one request. Text is one character a byte (Latin-1). */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent, or `*` for OPTIONS. */
  readonly target: string;
  readonly host: string;
  /** All Accept lines joined by commas; undefined when there is none. */
  readonly accept: string | undefined;
  /** The header lines as sent, each with its CRLF; `headerLines` reads them. */
  readonly fields: string;
  readonly keepsAlive: boolean;
  readonly isHttp10: boolean;
  /** Bytes of body that follow the head, or that they come in chunks. */
  readonly body: number | "chunked";
}

/** What of a request gives its answer a form, whatever the answer says. */
export type AnswerForm = Pick<RequestHead, "method" | "isHttp10">;

/** A request that can't be read; the connection ends after its answer. */
export interface HeadFault {
  readonly status: 400 | 414 | 431;
  readonly reason: string;
  /** As far as it could be read: an answer to HEAD has no body. */
  readonly method: string;
  /** As far as it could be read, so that the answer can have the right form. */
  readonly target: string;
}

/** What reading a buffer may come to. */
export type HeadResult =
  | { readonly kind: "head"; readonly head: RequestHead; readonly end: number }
  | { readonly kind: "fault"; readonly fault: HeadFault }
  | { readonly kind: "incomplete" };

const INCOMPLETE: HeadResult = { kind: "incomplete" };

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\u0021-\u0022\u0024-\u007e]+) HTTP\/1\.([01])$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;
const TOKEN_START = /^[!#$%&'*+.^_`|~0-9A-Za-z-]/;

/** What can be said of a request whose line may be broken elsewhere. */
function faultOf(status: HeadFault["status"], reason: string, line: string): HeadFault {
  const [method = "", target = ""] = line.split(" ", 2);
  return { status, reason, method, target };
}

const fault = (status: HeadFault["status"], reason: string, line = ""): HeadResult => ({
  kind: "fault",
  fault: faultOf(status, reason, line),
});

const hasOption = (connection: string, option: string): boolean =>
  connection !== "" && connection.split(",").some((each) => each.trim() === option);

/** What can already be said of a head whose end has not come. */
function judgeIncomplete(text: string, start: number, limits: HeadLimits): HeadResult {
  const length = text.length - start;
  // Half of an empty line is none of the request's.
  if (length === 0 || (length === 1 && text.charCodeAt(start) === 13)) return INCOMPLETE;
  const lineEnd = text.indexOf("\n", start);
  const line = text.slice(start, lineEnd === -1 ? start + limits.requestLine : lineEnd);
  if (!TOKEN_START.test(line)) return fault(400, "a request that does not begin with a method");
  // With the CR of the line, and below with its LF and with what may have come of the empty line: these are no excess.
  if ((lineEnd === -1 ? length : lineEnd - start) > limits.requestLine + 1) return tooLong(line);
  if (lineEnd !== -1 && length - (lineEnd - start) > limits.fields + 2) return fault(431, "too long headers", line);
  let lines = 0;
  for (let at = lineEnd; at !== -1; at = text.indexOf("\n", at + 1)) {
    if (++lines > limits.fieldCount + 1) return fault(431, TOO_MANY, line);
    if (text.charCodeAt(at - 1) !== 13) return fault(400, "a line that ends without CR", line);
  }
  return INCOMPLETE;
}

const tooLong = (line: string): HeadResult => fault(414, "a too long request line", line);

/** Reads the request line's target into path and query, and the host that an absolute one names. */
function splitTarget(target: string): { readonly target: string; readonly host: string | undefined } {
  const absolute = target.startsWith("/") ? null : ABSOLUTE_FORM.exec(target);
  if (absolute === null) return { target, host: undefined };
  const [, host = "", rest = ""] = absolute;
  return { target: rest.startsWith("/") ? rest : `/${rest}`, host };
}

function readHead(line: string, fields: string, limits: HeadLimits, memo: FieldsMemo): RequestHead | HeadFault {
  const refuse = (reason: string): HeadFault => faultOf(400, reason, line);
  const match = REQUEST_LINE.exec(line);
  if (match === null) return refuse("a broken request line");
  const [, method = "", sent = "", minor] = match;
  const framing = readFieldsOnce(fields, limits, memo);
  if (framing === TOO_MANY) return faultOf(431, framing, line);
  if (typeof framing === "string") return refuse(framing);
  const isHttp10 = minor === "0";
  if (framing.host === undefined && !isHttp10) return refuse("no Host header");
  if (framing.isChunked && isHttp10) return refuse("a Transfer-Encoding in HTTP/1.0");
  const { target, host } = splitTarget(sent);
  if (!target.startsWith("/") && !(target === "*" && method === "OPTIONS")) return refuse("a target that is no path");
  return {
    method,
    target,
    host: host ?? framing.host ?? "",
    accept: framing.accept,
    fields,
    keepsAlive: isHttp10 ? hasOption(framing.connection, "keep-alive") : !hasOption(framing.connection, "close"),
    isHttp10,
    body: framing.isChunked ? "chunked" : Number(framing.contentLength ?? 0),
  };
}

/**
 * Reads one head out of a buffer.
 *
 * @param text what has come and was not yet read, one character a byte
 * @param from where the request begins in it
 * @param memo one for each connection
 */
export function parseRequestHead(text: string, from: number, limits: HeadLimits, memo: FieldsMemo): HeadResult {
  let start = from;
  // RFC 9112 section 2.2: empty lines before a request are to be passed over.
  while (text.startsWith("\r\n", start)) start += 2;
  if (start - from > limits.requestLine) return fault(400, "too many empty lines");
  const end = text.indexOf("\r\n\r\n", start);
  if (end === -1) return judgeIncomplete(text, start, limits);
  const lineEnd = text.indexOf("\r\n", start);
  const line = text.slice(start, lineEnd);
  if (line.length > limits.requestLine) return tooLong(line);
  const fields = text.slice(lineEnd + 2, end + 2);
  if (fields.length > limits.fields) return fault(431, "too long headers", line);
  const head = readHead(line, fields, limits, memo);
  return "status" in head ? { kind: "fault", fault: head } : { kind: "head", head, end: end + 4 };
}
