/**
 * Reads header lines, and those among them that decide how a request is read.
 *
 * @see RFC 9112 sections 5 and 6
 */

/** Bounds on one head. */
export interface HeadLimits {
  /** Bytes of the request line. */
  readonly requestLine: number;
  /** Bytes of all header lines together. */
  readonly fields: number;
  /** Number of header lines. */
  readonly fieldCount: number;
}

const HOST = /^[A-Za-z0-9._~:[\]%!$&'()*+,;=-]*$/;

/** What the header lines say of how a request is read. */
export interface Framing {
  host: string | undefined;
  accept: string | undefined;
  connection: string;
  contentLength: string | undefined;
  isChunked: boolean;
}

/** The one fault that has a status of its own. */
export const TOO_MANY = "too many headers";

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

const COLON = 58;
const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const DELETE = 127;

/** 1 for each byte that a header's name may have. */
const NAME_BYTES = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  NAME_BYTES[c.charCodeAt(0)] = 1;
}

/** The names that {@link noteField} knows, by their length, which no two of them share. */
const NOTED: (string | undefined)[] = [];
for (const name of ["host", "accept", "connection", "content-length", "transfer-encoding"]) NOTED[name.length] = name;

/** Sets letters in lower case and leaves a hyphen as it is. */
const LOWER = 32;

/** The name from `at` to `end` in lower case, if it is one of those that are noted; others need not be cut out. */
function notedName(fields: string, at: number, end: number): string | undefined {
  const name = NOTED[end - at];
  if (name === undefined) return undefined;
  for (let each = 0; each < name.length; each++) {
    if ((fields.charCodeAt(at + each) | LOWER) !== name.charCodeAt(each)) return undefined;
  }
  return name;
}

const NO_BREAK_SPACE = 160;
const isBlank = (c: number): boolean => c <= SPACE || c === NO_BREAK_SPACE;

/** The value from `at` to `end` without blanks around it; most have one before it, and no others. */
function fieldValue(fields: string, at: number, end: number): string {
  const start = fields.charCodeAt(at) === SPACE ? at + 1 : at;
  const value = fields.slice(start, end);
  return isBlank(fields.charCodeAt(start)) || isBlank(fields.charCodeAt(end - 1)) ? value.trim() : value;
}

/** Where the name that starts at `at` ends, if a colon is there. */
function endOfName(fields: string, at: number): number | undefined {
  let end = at;
  while (NAME_BYTES[fields.charCodeAt(end)] === 1) end++;
  return end > at && fields.charCodeAt(end) === COLON ? end : undefined;
}

/** What no value may have, but for the CRLF at its end. */
const CONTROL = /[\0-\x08\v\f\x0e-\x1f\x7f]/;

/** Where the value that starts at `at` ends, if a CRLF is there and no other CR or LF before. */
function endOfCleanValue(fields: string, at: number): number | undefined {
  const end = fields.indexOf("\r", at);
  return end !== -1 && fields.indexOf("\n", at) === end + 1 ? end : undefined;
}

/** The same, byte by byte, where there are control characters somewhere. */
function endOfValue(fields: string, at: number): number | undefined {
  let end = at;
  for (;;) {
    const c = fields.charCodeAt(end);
    if (c >= SPACE ? c === DELETE : c !== TAB) break;
    end++;
  }
  return fields.charCodeAt(end) === CR && fields.charCodeAt(end + 1) === LF ? end : undefined;
}

/**
 * Every byte of every request comes through here: what ends a value is searched for, and names are compared in
 * place, which takes a third of the time that looking at each byte and cutting out each name does.
 *
 * @returns the framing, or why there is none
 */
function readFields(fields: string, limits: HeadLimits): Framing | string {
  const framing: Framing = {
    host: undefined,
    accept: undefined,
    connection: "",
    contentLength: undefined,
    isChunked: false,
  };
  const endOf = CONTROL.test(fields) ? endOfValue : endOfCleanValue;
  let count = 0;
  for (let at = 0; at < fields.length; count++) {
    if (count === limits.fieldCount) return TOO_MANY;
    const colon = endOfName(fields, at);
    const end = colon === undefined ? undefined : endOf(fields, colon + 1);
    if (colon === undefined || end === undefined) return "a header line that is none";
    const name = notedName(fields, at, colon);
    const why = name === undefined ? undefined : noteField(framing, name, fieldValue(fields, colon + 1, end));
    if (why !== undefined) return why;
    at = end + 2;
  }
  if (framing.isChunked && framing.contentLength !== undefined) return "both Content-Length and Transfer-Encoding";
  return framing;
}

/**
 * The header lines of a connection's last request and what they came to. Clients repeat them to the letter, and to
 * compare costs a tenth of reading them.
 */
export interface FieldsMemo {
  fields: string | undefined;
  framing: Framing | string;
}

export const emptyMemo = (): FieldsMemo => ({ fields: undefined, framing: "" });

/** What is remembered was cut out of what came, and holds all of that in memory. */
export function forget(memo: FieldsMemo): void {
  memo.fields = undefined;
  memo.framing = "";
}

/** Reads a block of header lines, unless it is the same as the last one. @returns why it can't be read, if so */
export function readFieldsOnce(fields: string, limits: HeadLimits, memo: FieldsMemo): Framing | string {
  if (memo.fields !== fields) {
    memo.framing = readFields(fields, limits);
    memo.fields = fields;
  }
  return memo.framing;
}

/** The header lines of a block that was read: names as sent, values trimmed. */
export function* headerLines(fields: string): Generator<readonly [name: string, value: string]> {
  for (const line of fields.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) yield [line.slice(0, colon), line.slice(colon + 1).trim()];
  }
}

/** The value of a header, several lines joined by commas. @param name in any case */
export function headerIn(fields: string, name: string): string | undefined {
  const wanted = name.toLowerCase();
  let value: string | undefined;
  for (const [each, text] of headerLines(fields)) if (each.toLowerCase() === wanted) value = joined(value, text);
  return value;
}
