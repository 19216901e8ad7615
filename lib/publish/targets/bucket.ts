import { plain } from "../../core/redirect-file/fault.ts";
import type { S3Address } from "../../s3/address.ts";
import { escapeKey, type S3 } from "../../s3/client.ts";
import { listPages } from "../../s3/listing.ts";
import { elementOf } from "../../s3/xml.ts";
import { contentTypeOf } from "../layout-paths.ts";
import { PublishError } from "../publish-error.ts";
import type { Target, Transferred, VerifiedContent } from "./target.ts";

/** Size of a part, in bytes: two parts of each file in transfer are in memory. */
const PART = 8 * 1024 * 1024;
/** S3 takes no more. */
const MAX_PARTS = 10_000;

const SUM_HEADER = "x-amz-checksum-sha256";

/** A large file whose size is known gets larger parts. */
const partSizeFor = (size: number | undefined): number => Math.max(PART, Math.ceil((size ?? 0) / (MAX_PARTS - 1)));

/** The sum that a file's bytes have to have, as its name says; a signed manifest's digest is not that of its bytes. */
function expectedSum(path: string): string | undefined {
  const [, hex] = /^(?!manifests\/1\/)(?:.*\/)?sha256[:/]([0-9a-f]{64})$/.exec(path) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, "hex").toString("base64");
}

/**
 * Parts as they become full. A part is good until the one after the next is asked for: two buffers take turns, as new
 * ones would pile up until they are collected.
 */
async function* partsOf(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(size);
  let other: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === size) {
        yield part;
        [part, other] = [other ?? new Uint8Array(size), part];
        filled = 0;
      }
      const some = chunk.subarray(at, at + size - filled);
      part.set(some, filled);
      filled += some.length;
      at += some.length;
    }
  }
  yield part.subarray(0, filled);
}

/**
 * Makes a target in a bucket. Objects are atomic, so an object with the right name, size and Content-Type is reused;
 * where the server reports its SHA-256, that must be right too.
 */
export function s3Target(s3: S3, { bucket, prefix }: S3Address): Target {
  const name = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
  const keyOf = (path: string): string => prefix + path;
  /** Sizes of objects that need no second request: no other publish writes while the lock is held. */
  const sizes = new Map<string, number | undefined>();
  let takesSums = true;

  const missing = (path: string): PublishError =>
    new PublishError(`${name}/${path}: expected an object, received none`);

  /** Asks with a header that not every server takes. */
  async function askWithSum(request: Parameters<S3>[0], header: Readonly<Record<string, string>>) {
    if (takesSums) {
      const answer = await s3({ ...request, headers: { ...request.headers, ...header } });
      if (answer.status !== 501) return answer;
      takesSums = false;
    }
    return await s3(request);
  }

  function mustBeDone({ status, bytes }: Awaited<ReturnType<S3>>, path: string): string {
    const text = new TextDecoder().decode(bytes);
    if (status < 300) return text;
    throw new PublishError(`${name}/${path}: the S3 server answers ${status}: ${plain(elementOf(text, "Message"))}`);
  }

  async function put(path: string, contentType: string, bytes: Uint8Array): Promise<void> {
    const sum = new Bun.CryptoHasher("sha256").update(bytes).digest("base64");
    const request = { method: "PUT", key: keyOf(path), headers: { "content-type": contentType }, body: bytes } as const;
    sizes.delete(path);
    mustBeDone(await askWithSum(request, { [SUM_HEADER]: sum }), path);
    sizes.set(path, bytes.length);
  }

  async function startUpload(path: string, contentType: string): Promise<string> {
    const key = keyOf(path);
    const answer = await s3({ method: "POST", key, query: { uploads: "" }, headers: { "content-type": contentType } });
    return elementOf(mustBeDone(answer, path), "UploadId");
  }

  /** Sends parts, each while the next is being read; nothing is there before all were read without an error. */
  async function upload(path: string, contentType: string, parts: AsyncGenerator<Uint8Array>, first: Uint8Array) {
    const key = keyOf(path);
    const uploadId = await startUpload(path, contentType);
    const tags: string[] = [];
    let size = 0;
    const send = async (body: Uint8Array): Promise<void> => {
      const query = { partNumber: String(tags.length + 1), uploadId };
      const answer = await s3({ method: "PUT", key, query, body });
      mustBeDone(answer, path);
      tags.push(answer.headers.get("etag") ?? "");
      size += body.length;
    };
    let sending = send(first);
    try {
      // A failure is reported at the next await; until then it counts as handled.
      sending.catch(() => {});
      for await (const part of parts) {
        await sending;
        sending = send(part);
        sending.catch(() => {});
      }
      await sending;
      const list = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
      const body = new TextEncoder().encode(`<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`);
      mustBeDone(await s3({ method: "POST", key, query: { uploadId }, body }), path);
    } catch (error) {
      await sending.catch(() => {});
      await s3({ method: "DELETE", key, query: { uploadId } }).catch(() => {});
      throw error;
    }
    sizes.set(path, size);
  }

  async function transfer(path: string, contentType: string, { size, read }: VerifiedContent): Promise<Transferred> {
    const parts = partsOf(read(), partSizeFor(size));
    sizes.delete(path);
    try {
      const { value: first = new Uint8Array() } = await parts.next();
      if (first.length < partSizeFor(size)) await put(path, contentType, first);
      else await upload(path, contentType, parts, first);
    } finally {
      await parts.return(undefined);
    }
    return "copied";
  }

  async function askSize(path: string): Promise<number | undefined> {
    const { status, headers } = await askWithSum(
      { method: "HEAD", key: keyOf(path) },
      { "x-amz-checksum-mode": "ENABLED" },
    );
    if (status !== 200) return undefined;
    const type = contentTypeOf(path);
    if (type !== undefined && headers.get("content-type") !== type) return undefined;
    const sum = headers.get(SUM_HEADER);
    const expected = expectedSum(path);
    // The sum of an upload in parts is one of sums, and ends in the number of parts.
    if (sum !== null && expected !== undefined && !sum.includes("-") && sum !== expected) return undefined;
    return Number(headers.get("content-length"));
  }

  async function sizeOf(path: string): Promise<number | undefined> {
    if (!sizes.has(path)) sizes.set(path, await askSize(path));
    return sizes.get(path);
  }

  async function* readParts(path: string, size: number): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < size; from += PART) {
      const headers = { range: `bytes=${from}-${Math.min(from + PART, size) - 1}` };
      yield (await s3({ method: "GET", key: keyOf(path), headers })).bytes;
    }
  }

  return {
    name,
    sizeOf,
    async open(path) {
      const size = await sizeOf(path);
      if (size === undefined) return undefined;
      return { name: `${name}/${path}`, size, read: () => readParts(path, size) };
    },
    async read(path) {
      const { status, bytes } = await s3({ method: "GET", key: keyOf(path) });
      return status === 200 ? bytes : undefined;
    },
    write: put,
    transfer,
    async duplicate(path, existing, contentType) {
      const headers = {
        "content-type": contentType,
        "x-amz-copy-source": `/${bucket}/${escapeKey(keyOf(existing))}`,
        "x-amz-metadata-directive": "REPLACE",
      };
      sizes.delete(path);
      const { status } = await s3({ method: "PUT", key: keyOf(path), headers });
      if (status !== 200) throw missing(existing);
    },
    async remove(path) {
      await s3({ method: "DELETE", key: keyOf(path) });
      sizes.set(path, undefined);
    },
    async *list() {
      for await (const page of listPages(s3, { bucket, prefix })) {
        for (const { key } of page) yield key.slice(prefix.length);
      }
    },
    // The server keeps everything that it has confirmed.
    settle: async () => {},
  };
}
