/** Answers, parsed strictly. */

export interface ReceivedAnswer {
  readonly status: number;
  /** Names in lower case; none comes twice. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Everything that the program ever says in a head; what is not among it was put there by a request. */
const KNOWN_HEADERS = new Set([
  ...["date", "connection", "content-type", "content-length", "location", "allow", "link", "vary", "retry-after"],
  ...["docker-distribution-api-version", "docker-content-digest", "oci-filters-applied", "www-authenticate"],
  ...["x-docker-registry-version", "x-docker-registry-config", "x-docker-registry-standalone", "x-docker-endpoints"],
  ...["etag", "last-modified", "accept-ranges", "content-range", "cache-control", "x-request-id"],
  ...["content-security-policy", "content-disposition", "x-content-type-options", "referrer-policy"],
]);

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [A-Z][A-Za-z -]*$/;
const HEADER_LINE = /^([A-Za-z-]+): ([\x20-\x7e]*)$/;
const BODILESS: ReadonlySet<number> = new Set([100, 204, 304]);

/** What an answer came to: read, not yet whole, or not one. */
type Read =
  | { readonly kind: "answer"; readonly answer: ReceivedAnswer; readonly end: number }
  | { readonly kind: "incomplete" }
  | { readonly kind: "fault"; readonly why: string };

const faulty = (why: string): Read => ({ kind: "fault", why });

/** @param hasBody undefined where it can't be known: it has one unless another answer follows, or nothing */
export function readAnswer(text: string, at: number, hasBody: boolean | undefined): Read {
  const end = text.indexOf("\r\n\r\n", at);
  if (end === -1) return { kind: "incomplete" };
  const [first = "", ...lines] = text.slice(at, end).split("\r\n");
  const status = Number(STATUS_LINE.exec(first)?.[1]);
  if (Number.isNaN(status)) return faulty(`a status line that is none: ${first.slice(0, 80)}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = HEADER_LINE.exec(line) ?? [];
    const lower = name.toLowerCase();
    if (!KNOWN_HEADERS.has(lower)) return faulty(`a header that nobody sends: ${line.slice(0, 80)}`);
    if (headers.has(lower)) return faulty(`${name} twice`);
    headers.set(lower, value);
  }
  const declared = headers.get("content-length");
  const start = end + 4;
  // Bun's own refusals have neither a length nor a body.
  const isRefusal = status >= 400 && declared === undefined && !headers.has("content-type");
  const hasLength = /^\d+$/.test(declared ?? "");
  if (!isRefusal && (BODILESS.has(status) ? declared !== undefined : !hasLength))
    return faulty(`${status} with Content-Length ${declared}`);
  const isFollowed = start < text.length && !text.startsWith("HTTP/1.1 ", start);
  const isEmpty = isRefusal || BODILESS.has(status) || !(hasBody ?? isFollowed);
  const length = isEmpty ? 0 : Number(declared);
  if (start + length > text.length) return { kind: "incomplete" };
  return { kind: "answer", answer: { status, headers, body: text.slice(start, start + length) }, end: start + length };
}
