/**
 * Reads the head of an HTTP/1.x request, strictly: what two readers could understand in two ways is refused.
 *
 * The target stays as it was sent. Bun's own server hands out a path that is already normalised (`..` resolved,
 * backslashes turned), refuses methods that it does not know without an answer, and says 505 to a broken line;
 * a registry has to see and answer those itself.
 *
 * @see RFC 9112
 */

/** The head of one request. Text is one character a byte (Latin-1). */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent, or `*` for OPTIONS. */
  readonly target: string;
  readonly host: string;
  /** All Accept lines joined by commas; undefined when there is none. */
  readonly accept: string | undefined;
  /** The header lines as sent, each with its CRLF; {@link headerLines} reads them. */
  readonly fields: string;
  readonly keepsAlive: boolean;
  readonly isHttp10: boolean;
  /** Bytes of body that follow the head, or that they come in chunks. */
  readonly body: number | "chunked";
}

/** A request that can't be read; the connection ends after its answer. */
export interface HeadFault {
  readonly status: 400 | 414 | 431;
  readonly reason: string;
  /** The target as far as it could be read, so that the answer can have the right form. */
  readonly target: string;
}

/** Bounds on one head. */
export interface HeadLimits {
  /** Bytes of the request line. */
  readonly requestLine: number;
  /** Bytes of all header lines together. */
  readonly fields: number;
  /** Number of header lines. */
  readonly fieldCount: number;
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = { requestLine: 8_192, fields: 32_768, fieldCount: 100 };

/** What reading a buffer may come to. */
export type HeadResult =
  | { readonly kind: "head"; readonly head: RequestHead; readonly end: number }
  | { readonly kind: "fault"; readonly fault: HeadFault }
  | { readonly kind: "incomplete" };

const INCOMPLETE: HeadResult = { kind: "incomplete" };

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\u0021-\u0022\u0024-\u007e]+) HTTP\/1\.([01])$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\u0020-\u007e\u0080-\u00ff]*)$/;
const TOKEN_START = /^[!#$%&'*+.^_`|~0-9A-Za-z-]/;
const HOST = /^[A-Za-z0-9._~:[\]%!$&'()*+,;=-]*$/;

const fault = (status: HeadFault["status"], reason: string, target = ""): HeadResult => ({
  kind: "fault",
  fault: { status, reason, target },
});

interface Framing {
  host: string | undefined;
  accept: string | undefined;
  connection: string;
  contentLength: string | undefined;
  isChunked: boolean;
}

const joined = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before}, ${value}`;

/** Takes note of a header that decides how the request is read. @returns why it can't be, if so */
function noteField(framing: Framing, name: string, value: string): string | undefined {
  switch (name) {
    case "host":
      if (framing.host !== undefined) return "more than one Host header";
      if (!HOST.test(value)) return "a Host header that is no host";
      framing.host = value;
      return undefined;
    case "accept":
      framing.accept = joined(framing.accept, value);
      return undefined;
    case "connection":
      framing.connection = joined(framing.connection, value.toLowerCase());
      return undefined;
    case "content-length":
      if (!/^\d{1,15}$/.test(value)) return "a Content-Length that is no number";
      if (framing.contentLength !== undefined) return "more than one Content-Length header";
      framing.contentLength = value;
      return undefined;
    case "transfer-encoding":
      if (value.toLowerCase() !== "chunked" || framing.isChunked) return "a Transfer-Encoding other than chunked";
      framing.isChunked = true;
      return undefined;
    default:
      return undefined;
  }
}

/** The names whose value matters here are 4 to 17 letters long and begin with one of a, c, h, t. */
function mayMatter(line: string, colon: number): boolean {
  if (colon < 4 || colon > 17) return false;
  const first = line.charCodeAt(0) | 0x20;
  return first === 97 || first === 99 || first === 104 || first === 116;
}

/** @returns the framing, or why there is none */
function readFields(fields: string): Framing | string {
  const framing: Framing = {
    host: undefined,
    accept: undefined,
    connection: "",
    contentLength: undefined,
    isChunked: false,
  };
  for (let at = 0; at < fields.length; ) {
    const end = fields.indexOf("\r\n", at);
    const line = fields.slice(at, end);
    at = end + 2;
    const match = FIELD.exec(line);
    if (match === null) return "a header line that is none";
    const [, name = "", value = ""] = match;
    const why = mayMatter(line, name.length) ? noteField(framing, name.toLowerCase(), value.trimEnd()) : undefined;
    if (why !== undefined) return why;
  }
  if (framing.isChunked && framing.contentLength !== undefined) return "both Content-Length and Transfer-Encoding";
  return framing;
}

const hasOption = (connection: string, option: string): boolean =>
  connection.split(",").some((each) => each.trim() === option);

function countLines(fields: string): number {
  let count = 0;
  for (let at = fields.indexOf("\r\n"); at !== -1; at = fields.indexOf("\r\n", at + 2)) count++;
  return count;
}

/** The target of a line that may be broken elsewhere. */
const targetOf = (line: string): string => line.split(" ", 2)[1] ?? "";

/** What can already be said of a head whose end has not come. */
function judgeIncomplete(text: string, start: number, limits: HeadLimits): HeadResult {
  const length = text.length - start;
  if (length === 0) return INCOMPLETE;
  const lineEnd = text.indexOf("\n", start);
  const line = text.slice(start, lineEnd === -1 ? start + limits.requestLine : lineEnd);
  if (!TOKEN_START.test(line)) return fault(400, "a request that does not begin with a method");
  if ((lineEnd === -1 ? length : lineEnd - start) > limits.requestLine) return tooLong(line);
  if (lineEnd !== -1 && length - (lineEnd - start) > limits.fields)
    return fault(431, "too long headers", targetOf(line));
  for (let at = lineEnd; at !== -1; at = text.indexOf("\n", at + 1)) {
    if (text.charCodeAt(at - 1) !== 13) return fault(400, "a line that ends without CR", targetOf(line));
  }
  return INCOMPLETE;
}

const tooLong = (line: string): HeadResult => fault(414, "a too long request line", targetOf(line));

/** Reads the request line's target into path and query, and the host that an absolute one names. */
function splitTarget(target: string): { readonly target: string; readonly host: string | undefined } {
  const absolute = target.startsWith("/") ? null : ABSOLUTE_FORM.exec(target);
  if (absolute === null) return { target, host: undefined };
  const [, host = "", rest = ""] = absolute;
  return { target: rest.startsWith("/") ? rest : `/${rest}`, host };
}

function readHead(line: string, fields: string): RequestHead | HeadFault {
  const refuse = (reason: string): HeadFault => ({ status: 400, reason, target: targetOf(line) });
  const match = REQUEST_LINE.exec(line);
  if (match === null) return refuse("a broken request line");
  const [, method = "", sent = "", minor] = match;
  const framing = readFields(fields);
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
 */
export function parseRequestHead(text: string, from: number, limits: HeadLimits): HeadResult {
  let start = from;
  // RFC 9112 section 2.2: empty lines before a request are to be passed over.
  while (text.startsWith("\r\n", start)) start += 2;
  const end = text.indexOf("\r\n\r\n", start);
  if (end === -1) return judgeIncomplete(text, start, limits);
  const lineEnd = text.indexOf("\r\n", start);
  const line = text.slice(start, lineEnd);
  if (line.length > limits.requestLine) return tooLong(line);
  const fields = text.slice(lineEnd + 2, end + 2);
  if (fields.length > limits.fields) return fault(431, "too long headers", targetOf(line));
  if (countLines(fields) > limits.fieldCount) return fault(431, "too many headers", targetOf(line));
  const head = readHead(line, fields);
  return "status" in head ? { kind: "fault", fault: head } : { kind: "head", head, end: end + 4 };
}

/** The header lines of a head that was read: names as sent, values trimmed. */
export function* headerLines(head: RequestHead): Generator<readonly [name: string, value: string]> {
  for (const line of head.fields.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) yield [line.slice(0, colon), line.slice(colon + 1).trim()];
  }
}
