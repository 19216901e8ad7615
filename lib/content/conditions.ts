/**
 * What the conditions and the range of a request make of a file that is there. Pure: no file, no clock.
 *
 * @see RFC 9110 sections 13.2.2 (precedence of conditions) and 14.2 (Range)
 */

/** What a client asks, beside the path. */
export interface ContentRequest {
  /** As the client sent it: only GET has ranges. */
  readonly method: string;
  /** The value of a header, several lines joined by commas; null or undefined when there is none. */
  readonly header: (name: string) => string | null | undefined;
}

/** What tells one state of a file from another. */
export interface Validators {
  /** A strong entity tag with its quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Bytes. */
  readonly size: number;
}

/** The whole file or a part of it; `end` is the first byte that is left out. */
interface Part {
  readonly status: 200 | 206;
  readonly start: number;
  readonly end: number;
}

/** What to answer. */
export type Verdict = Part | { readonly status: 304 | 412 | 416 };

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d{2}:\\d{2}:\\d{2}";
/** The form that servers send; the two obsolete ones of RFC 9110 section 5.6.7 have not been seen for decades. */
const HTTP_DATE = new RegExp(`^${DAY}, \\d{2} ${MONTH} \\d{4} ${TIME} GMT$`);

/** @returns seconds since 1970, or undefined for what is no date, which is then as good as absent */
function parseDate(text: string): number | undefined {
  const milliseconds = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

type Comparison = "strong" | "weak";

function matches(list: string, etag: string, comparison: Comparison): boolean {
  return list.split(",").some((item) => {
    const tag = item.trim();
    return tag === "*" || tag === etag || (comparison === "weak" && tag === `W/${etag}`);
  });
}

/** Whether the file is in a state that the client can't want to read from. */
function failsPrecondition({ header }: ContentRequest, { etag, modified }: Validators): boolean {
  const ifMatch = header("if-match");
  if (ifMatch) return !matches(ifMatch, etag, "strong");
  const since = parseDate(header("if-unmodified-since") ?? "");
  return since !== undefined && modified > since;
}

/** Whether the client has the file already. */
function isKnown({ header }: ContentRequest, { etag, modified }: Validators): boolean {
  const ifNoneMatch = header("if-none-match");
  if (ifNoneMatch) return matches(ifNoneMatch, etag, "weak");
  const since = parseDate(header("if-modified-since") ?? "");
  return since !== undefined && modified <= since;
}

/** Whether the part that the client lacks belongs to the part that it has. */
function continues(ifRange: string, { etag, modified }: Validators): boolean {
  return ifRange.includes('"') ? ifRange.trim() === etag : parseDate(ifRange) === modified;
}

const RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * Reads a Range header with one range. Several, and whatever is no range, count as none: the whole file is a right
 * answer to every Range, and no registry client asks for more than one part.
 */
function rangeOf(header: string, size: number): Verdict | undefined {
  const [, first = "", last = ""] = RANGE.exec(header) ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  return start < end ? { status: 206, start, end } : { status: 416 };
}

/** Decides what a client gets of a file. */
export function judge(request: ContentRequest, file: Validators): Verdict {
  if (failsPrecondition(request, file)) return { status: 412 };
  if (isKnown(request, file)) return { status: 304 };
  const whole: Part = { status: 200, start: 0, end: file.size };
  const range = request.header("range");
  const ifRange = request.header("if-range");
  if (request.method !== "GET" || !range || (ifRange && !continues(ifRange, file))) return whole;
  return rangeOf(range, file.size) ?? whole;
}
