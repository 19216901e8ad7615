/** A host of published content, as the verification reads it: a directory or an HTTP server. */
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { Digest } from "../../core/reference.ts";

/** A difference between the file that a client needs and the one that is there. */
export interface Mismatch {
  readonly expected: string;
  readonly received: string;
}

/** A small file; a type that is undefined is one that the host does not tell. */
interface SmallFile {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

/** The digest and size that a blob has to have. */
export interface WantedBlob {
  /** Undefined for a layer of v1, which has none. */
  readonly digest: Digest | undefined;
  /** Bytes; undefined when unknown. */
  readonly size: number | undefined;
}

/** A host of published content. None of these throws for what a host may do wrong. */
export interface Host {
  /** Name of a file in messages. */
  readonly nameOf: (repository: Repository, path: string) => string;
  /** Reads a manifest, or another small file. */
  readonly read: (repository: Repository, path: string) => Promise<SmallFile | Mismatch>;
  /** Checks the answer to HEAD. @returns undefined when it agrees with GET */
  readonly ask: (repository: Repository, path: string, contentType: string) => Promise<Mismatch | undefined>;
  /**
   * Looks at a file of any size.
   *
   * @param path below the repository's url, or an absolute URL
   * @returns undefined when it is as it has to be
   */
  readonly inspect: (repository: Repository, path: string, wanted: WantedBlob) => Promise<Mismatch | undefined>;
  /** Blobs that were sent whole though a part was asked for: clients can't go on with a download that broke off. */
  readonly ignoresRange: (repository: Repository, path: string) => boolean;
}

export const isProblem = (answer: SmallFile | Mismatch): answer is Mismatch => "expected" in answer;
