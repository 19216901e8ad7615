import type { S3Address } from "./address.ts";
import type { S3 } from "./client.ts";
import { S3Error } from "./s3-error.ts";
import { parseXml, textsOf } from "./xml.ts";

/** An object in a list. */
export interface S3Object {
  readonly key: string;
  /** With its quotes, as in headers; empty where the server has none. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

interface ListingPage {
  readonly objects: readonly S3Object[];
  /** The token of the next page; undefined after the last. */
  readonly next: string | undefined;
}

/** A thousand keys of a thousand bytes, each of them escaped, fit in. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** Ten million objects: a longer list goes round in circles. */
const MAX_PAGES = 10_000;

/** A server that knows `encoding-type` escapes keys as in a query, since XML can't hold all of them. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/** @returns what is wrong with a page that is not whole */
function parsePage(bytes: Uint8Array): ListingPage | string {
  const list = parseXml(bytes)?.["ListBucketResult"];
  if (list === undefined) {
    const xml = new TextDecoder().decode(bytes);
    if (!xml.includes("<ListBucketResult")) return "something else than a list of objects";
    return /<\/ListBucketResult>\s*$/.test(xml) ? "a list that is no XML" : "a list that is cut off";
  }
  const textOf = (element: Bun.XML.Value, name: string) => textsOf(element, name)[0] ?? "";
  const isEscaped = textOf(list, "EncodingType") === "url";
  const objects: S3Object[] = [];
  for (const item of typeof list === "string" ? [] : [list["Contents"] ?? []].flat()) {
    const key = textOf(item, "Key");
    const size = Number(textOf(item, "Size") || Number.NaN);
    if (key === "" || !(size >= 0)) return "a list with an object that is none";
    objects.push({ key: isEscaped ? decodeKey(key) : key, etag: textOf(item, "ETag"), size });
  }
  if (textOf(list, "IsTruncated") !== "true") return { objects, next: undefined };
  const next = textOf(list, "NextContinuationToken");
  return next === "" ? "a list that does not say how it goes on" : { objects, next };
}

/**
 * Lists the objects below an address, page by page, with a request for each thousand of them.
 *
 * @throws {S3Error} when a page is not complete
 */
export async function* listPages(
  s3: S3,
  { bucket, prefix }: S3Address,
  signal?: AbortSignal,
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
    const { status, bytes } = await s3({
      method: "GET",
      key: "",
      query,
      ...(signal && { signal }),
      maxBytes: MAX_PAGE_BYTES,
    });
    if (status !== 200) throw fail(String(status), status);
    const parsed = parsePage(bytes);
    if (typeof parsed === "string") throw fail(parsed, status);
    yield parsed.objects;
    if (parsed.next === undefined) return;
    if (parsed.next === token) throw fail("the same page again and again", status);
    token = parsed.next;
  }
  throw fail(`a list of more than ${MAX_PAGES} pages`, 200);
}
