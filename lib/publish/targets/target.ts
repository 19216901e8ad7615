/** The destination of published files: a directory or a bucket. */
import type { SourceFile } from "../sources/source.ts";

/** Bytes that are verified as they are read: the reading fails at its end when they are not the right ones. */
export interface VerifiedContent {
  /** Bytes; undefined when unknown. */
  readonly size: number | undefined;
  readonly read: () => AsyncIterable<Uint8Array>;
  /** Path of a file with just these bytes, which may be hard-linked instead of copied. */
  readonly path: string | undefined;
}

/** The way in which bytes were stored. */
export type Transferred = "linked" | "copied";

/**
 * A store of files by their path. Writes are atomic, and replace older files; they survive a loss of power once
 * {@link Target.settle} has returned.
 */
export interface Target {
  /** Name in messages. */
  readonly name: string;
  /** @returns bytes; undefined when there is no such file, or one that a host would send with another Content-Type */
  readonly sizeOf: (path: string) => Promise<number | undefined>;
  /** For small files. @returns undefined when there is no such file */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  /** For files of any size. @returns undefined when there is no such file */
  readonly open: (path: string) => Promise<SourceFile | undefined>;
  /** For small files. */
  readonly write: (path: string, contentType: string, bytes: Uint8Array) => Promise<void>;
  /** @throws what the reading throws; then there is no such file */
  readonly transfer: (path: string, contentType: string, content: VerifiedContent) => Promise<Transferred>;
  /** Gives a file that is there a second name, by a link or a copy. */
  readonly duplicate: (path: string, existing: string, contentType: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  /** Every file, in no order. */
  readonly list: () => AsyncIterable<string>;
  /** Waits until all that was done before is on disk. */
  readonly settle: () => Promise<void>;
}

/** Makes a target for a dry run, which reads and changes nothing. */
export const untouched = (target: Target): Target => ({
  ...target,
  write: async () => {},
  transfer: async () => "copied",
  duplicate: async () => {},
  remove: async () => {},
  settle: async () => {},
});
