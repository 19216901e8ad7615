import { describeFault, plain } from "../core/redirect-file/fault.ts";
import type { Digest } from "../core/reference.ts";
import { S3Error } from "../s3/s3-error.ts";
import { codeOf } from "../system-error.ts";

/** The reason why nothing could be published, in words for the operator. */
export class PublishError extends Error {
  override readonly name = "PublishError";
}

/** Why a source can't be read any further, whichever image is asked for. */
export class SourceFailure extends PublishError {}

/** Something that a source names and does not have. */
export class Missing extends PublishError {}

/** Blobs that a source names and that can't be read, or are not what they should be. */
export class Unreadable extends PublishError {
  /** @param why by digest */
  constructor(readonly why: ReadonlyMap<Digest, string>) {
    super([...why.values()][0]);
  }
}

/**
 * A file that is not what it should be.
 *
 * @param file as its reader would name it
 * @param field empty for the file as a whole
 */
export function broken(file: string, field: string, expected: string, received: string): PublishError {
  return new PublishError(`${file}: ${describeFault({ field, expected, received: plain(received) })}`);
}

/** Bytes that are not those that a digest stands for. */
export const mismatch = (file: string, expected: string, received: string): PublishError =>
  new PublishError(`${file}: digest mismatch: expected ${expected}, received ${received}`);

const MAX_LISTED = 20;

/** The names of what a source has, as far as a reader wants them. */
export function listed(names: readonly string[]): string {
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return names.length === 0 ? "none" : `${names.slice(0, MAX_LISTED).map(plain).join(", ")}${more}`;
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; what was there before is untouched",
  EDQUOT: "the disk quota is used up; what was there before is untouched",
  EROFS: "the file system can only be read",
  EACCES: "permission denied",
  EPERM: "not permitted",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is no directory",
  EISDIR: "it is a directory",
  EMFILE: "too many open files",
  EIO: "the disk can't be read or written",
};

const NO_SPACE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** The system does not say which file had no space left. */
export function namingFile(error: unknown, path: string): unknown {
  const code = codeOf(error);
  return NO_SPACE.has(code) && code !== undefined ? new PublishError(`${path}: ${HINTS[code]} (${code})`) : error;
}

/** Any error in one line. */
export function describeError(error: unknown): string {
  if (error instanceof PublishError || error instanceof S3Error) return error.message;
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const path = error instanceof Error && "path" in error && typeof error.path === "string" ? `${error.path}: ` : "";
  return `${path}${HINTS[code] ?? (error instanceof Error ? error.message : "")} (${code})`;
}
