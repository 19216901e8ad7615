import { plain } from "../../core/redirect-file/fault.ts";
import type { ParsedFile } from "../../core/redirect-file/parse.ts";
import type { S3 } from "../../s3/client.ts";
import type { S3Object } from "../../s3/listing.ts";
import { S3Error } from "../../s3/s3-error.ts";
import type { Turn } from "../../slices.ts";
import { parseAside } from "../parsing.ts";

/** The result of reading an object. */
export type ObjectRead =
  /** The ETag is empty when the object has to be read again. */
  | { readonly kind: "read"; readonly etag: string; readonly parsed: ParsedFile; readonly hash: bigint | undefined }
  /** It has changed since it was listed. */
  | { readonly kind: "moved" }
  /** It can't be read for the moment. */
  | { readonly kind: "failed"; readonly error: S3Error };

/** A redirect file with a million references has less than half of that. */
const MAX_BYTES = 256 * 1024 * 1024;

const fault = (etag: string, expected: string, received: string): Extract<ObjectRead, { kind: "read" }> => ({
  kind: "read",
  etag,
  parsed: { ok: false, faults: [{ field: "", expected, received }] },
  hash: undefined,
});

/** Describes an object that can't be read; the next scan tries again. */
export const unreadable = (received: string) => fault("", "a readable object", received);

/** Listings, servers and proxies write the same ETag differently. */
const bare = (etag: string): string => etag.replace(/^W\//, "").replaceAll('"', "");

interface ReadObjectOptions {
  readonly s3: S3;
  readonly turn: Turn;
  /** Whether to take the object though it has changed since it was listed. */
  readonly isLast: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads an object that was listed.
 *
 * @throws the reason of the signal
 */
export async function readObject(
  { s3, turn, isLast, signal }: ReadObjectOptions,
  bucket: string,
  { key, etag, size }: S3Object,
): Promise<ObjectRead> {
  if (size > MAX_BYTES) return fault(etag, `an object of at most ${MAX_BYTES} bytes`, String(size));
  // In the path of a URL, "." is the directory itself, and so another object.
  if (key.split("/").includes(".")) return fault(etag, "no . between slashes", plain(JSON.stringify(key)));
  try {
    const mustMatch = !isLast && /^[!-~]+$/.test(etag);
    const headers = mustMatch ? { "if-match": `"${bare(etag)}"` } : {};
    const answer = await s3({ method: "GET", key, headers, signal, maxBytes: MAX_BYTES });
    if (answer.status === 404 && !isLast) return { kind: "moved" };
    if (answer.status !== 200) return unreadable(String(answer.status));
    const received = answer.headers.get("etag") ?? etag;
    const isListed = etag === "" || bare(received) === bare(etag);
    if (!isListed && !isLast) return { kind: "moved" };
    const { length } = answer.bytes;
    if (isListed && length !== size && !answer.headers.has("content-encoding")) {
      const received = `${length} of ${size} bytes`;
      const about = { received, status: 200, passes: true };
      return { kind: "failed", error: new S3Error(`s3://${bucket}/${key}: the S3 server answers ${received}`, about) };
    }
    const parsed = await parseAside(answer.bytes, turn);
    return { kind: "read", etag: isListed ? etag : received, parsed, hash: Bun.hash.wyhash(answer.bytes) };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.status === 412 && !isLast) return { kind: "moved" };
    return error.passes ? { kind: "failed", error } : unreadable(error.received);
  }
}
