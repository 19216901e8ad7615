/**
 * Applies the conditions and the ranges of a request to a file that exists. Pure: no file, no clock.
 *
 * @see RFC 9110 sections 13.2.2 (precedence of conditions) and 14.2 (Range)
 */

import { trimmed } from "../core/white-space.ts";
/** A request, without its path. */
export interface ContentRequest {
  /** As the client sent it: only GET has ranges. */
  readonly method: string;
  /** The value of a header, several lines joined by commas; null or undefined when there is none. */
  readonly header: (name: string) => string | null | undefined;
}

/** One state of a file. */
export interface Validators {
  /** A strong entity tag with its quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Bytes. */
  readonly size: number;
}

/** A part of a file; `end` is the first byte that is left out. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The parts of a file that a client gets; they don't overlap. */
export interface Parts {
  readonly status: 200 | 206;
  readonly ranges: readonly [ByteRange, ...ByteRange[]];
}

export type Verdict = Parts | { readonly status: 304 | 412 | 416 };

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d{2}:\\d{2}:\\d{2}";
/** The form that servers send; the two obsolete ones of RFC 9110 section 5.6.7 have not been seen for decades. */
const HTTP_DATE = new RegExp(`^${DAY}, \\d{2} ${MONTH} \\d{4} ${TIME} GMT$`);

/** @returns seconds since 1970, or undefined for an invalid date, which is ignored */
function parseDate(text: string): number | undefined {
  const milliseconds = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

type Comparison = "strong" | "weak";

function matches(list: string, etag: string, comparison: Comparison): boolean {
  return list.split(",").some((item) => {
    const tag = trimmed(item);
    return tag === "*" || tag === etag || (comparison === "weak" && tag === `W/${etag}`);
  });
}

/** Whether the file is in another state than the client requires. */
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

/** Whether the file is still in the state of which the client has a part. */
function continues(ifRange: string, { etag, modified }: Validators): boolean {
  return ifRange.includes('"') ? trimmed(ifRange) === etag : parseDate(ifRange) === modified;
}

/** As many as Apache takes (MaxRanges). Clients of lazily loaded images ask for dozens. */
const MAX_RANGES = 200;

const RANGE_SET = /^bytes=(.*)$/i;
const RANGE = /^[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/;

/**
 * Reads one range of a Range header.
 *
 * @returns undefined when it is invalid; a range that ends where it starts when the file has none of it
 */
function parseRange(text: string, size: number): ByteRange | undefined {
  const [matched, first, last, suffix] = RANGE.exec(text) ?? [];
  if (matched === undefined) return undefined;
  if (first === undefined) return { start: Math.max(size - Number(suffix), 0), end: size };
  if (last && Number(last) < Number(first)) return undefined;
  const start = Math.min(Number(first), size);
  return { start, end: last ? Math.min(Number(last) + 1, size) : size };
}

/** Joins ranges that overlap: a client gets no byte twice. Each stays where its first part was asked for. */
function withoutOverlap(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const joined: { start: number; end: number; place: number }[] = [];
  const inOrder = ranges.map((range, place) => ({ ...range, place })).sort((a, b) => a.start - b.start);
  for (const range of inOrder) {
    const before = joined.at(-1);
    if (before === undefined || range.start >= before.end) {
      joined.push(range);
      continue;
    }
    before.end = Math.max(before.end, range.end);
    before.place = Math.min(before.place, range.place);
  }
  return joined.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

/**
 * Reads a Range header.
 *
 * @returns undefined when it is to be ignored: invalid, of another unit, or of too many ranges
 */
function rangesOf(header: string, size: number): Verdict | undefined {
  const [, set] = RANGE_SET.exec(trimmed(header)) ?? [];
  const texts = set?.split(",", MAX_RANGES + 1).filter((text) => trimmed(text) !== "") ?? [];
  if (texts.length === 0 || texts.length > MAX_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const text of texts) {
    const range = parseRange(text, size);
    if (range === undefined) return undefined;
    if (range.start < range.end) ranges.push(range);
  }
  const [first, ...rest] = withoutOverlap(ranges);
  return first === undefined ? { status: 416 } : { status: 206, ranges: [first, ...rest] };
}

/** Decides which part of a file a client gets. */
export function judge(request: ContentRequest, file: Validators): Verdict {
  if (failsPrecondition(request, file)) return { status: 412 };
  if (isKnown(request, file)) return { status: 304 };
  const range = request.header("range");
  const ifRange = request.header("if-range");
  const isPart = request.method === "GET" && range && (!ifRange || continues(ifRange, file));
  return (isPart ? rangesOf(range, file.size) : undefined) ?? { status: 200, ranges: [{ start: 0, end: file.size }] };
}
