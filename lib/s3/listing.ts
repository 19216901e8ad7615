import type { S3Address } from "./address.ts";
import type { S3 } from "./client.ts";
import { S3Error } from "./s3-error.ts";
import { elementOf, textIn } from "./xml.ts";

/** An object as a list has it. */
export interface S3Object {
  readonly key: string;
  /** As in headers, with its quotes; empty where the server has none. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

interface Page {
  readonly objects: readonly S3Object[];
  /** What to ask for the next page with; undefined after the last. */
  readonly next: string | undefined;
}

/** A thousand keys of a thousand bytes, each of them escaped, fit in. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** Ten million objects: whoever goes on has lost its place. */
const MAX_PAGES = 10_000;

/** A server that knows `encoding-type` writes keys as in a query, so that XML can't spoil them. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/** @returns what is wrong with a page that is not whole */
function parsePage(xml: string): Page | string {
  if (!xml.includes("<ListBucketResult")) return "something else than a list of objects";
  if (!/<\/ListBucketResult>\s*$/.test(xml)) return "a list that is cut off";
  const isEscaped = elementOf(xml, "EncodingType") === "url";
  const objects: S3Object[] = [];
  for (let at = xml.indexOf("<Contents>"); at !== -1; at = xml.indexOf("<Contents>", at)) {
    const end = xml.indexOf("</Contents>", at);
    const item = xml.slice(at, end);
    const key = textIn(item, "Key");
    const size = Number(textIn(item, "Size") || Number.NaN);
    if (end === -1 || key === undefined || key === "" || !(size >= 0)) return "a list with an object that is none";
    objects.push({ key: isEscaped ? decodeKey(key) : key, etag: textIn(item, "ETag") ?? "", size });
    at = end;
  }
  if (elementOf(xml, "IsTruncated") !== "true") return { objects, next: undefined };
  const next = elementOf(xml, "NextContinuationToken");
  return next === "" ? "a list that does not say how it goes on" : { objects, next };
}

/**
 * Lists the objects below an address, page by page: a request for each thousand of them.
 *
 * @throws {S3Error} when a page can't be had whole
 */
export async function* listPages(
  s3: S3,
  { bucket, prefix }: S3Address,
  signal: AbortSignal,
): AsyncGenerator<readonly S3Object[]> {
  const fail = (received: string, status: number): S3Error =>
    new S3Error(`s3://${bucket}/${prefix}: the S3 server answers ${received}`, { received, status, passes: true });
  let token: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      ...(prefix !== "" && { prefix }),
      ...(token !== undefined && { "continuation-token": token }),
    };
    const { status, bytes } = await s3({ method: "GET", key: "", query, signal, maxBytes: MAX_PAGE_BYTES });
    if (status !== 200) throw fail(String(status), status);
    const parsed = parsePage(new TextDecoder().decode(bytes));
    if (typeof parsed === "string") throw fail(parsed, status);
    yield parsed.objects;
    if (parsed.next === undefined) return;
    if (parsed.next === token) throw fail("the same page again and again", status);
    token = parsed.next;
  }
  throw fail(`a list of more than ${MAX_PAGES} pages`, 200);
}
