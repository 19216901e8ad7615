import type { HeaderFields } from "../content/content.ts";
import type { Repository } from "../core/redirect-file/repository.ts";

/**
 * Parameter of a query that wants a redirect described instead of made: browsers hide from a page where a redirect leads.
 * It is for pages of this origin, which send no Origin.
 */
export const EXPLAIN = "explain";

/** Header of a redirect that is described: its status. */
export const EXPLAINED = "X-Craned-Explained";

/** The time that an answer stays true. @see spec "Caching, for all answers" */
export type Freshness =
  /** Bytes named by their digest: they never change. */
  | "immutable"
  /** The place of such bytes: it may move. */
  | "located"
  /** Everything else: the client must ask again. */
  | "changing";

/** A complete answer as a value, before a server sends it. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Text, or bytes; empty for none. */
  readonly body: string | Uint8Array;
  /** `changing` unless given. */
  readonly freshness?: Freshness;
  /** Code of a v2 error, for metrics. */
  readonly code?: string;
}

/** A file of a repository: the answer is a redirect to it or, where content is served, the file itself. */
export interface FileOf {
  readonly repository: Repository;
  /** Below the repository's url and below its directory; an absolute URL for a shared pool of blobs. */
  readonly path: string;
  /** Whether the client named the file by its digest. */
  readonly isByDigest: boolean;
  /** Facts about the file, enough to answer HEAD. */
  readonly known?: { readonly digest: string; readonly mediaType: string; readonly size: number } | undefined;
  /** The answer when the file should be here and is not. */
  readonly missing: Answer;
}

export type Outcome = Answer | FileOf;

/** The parts of a response, with its caching headers. */
export interface ResponseForm {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: Answer["body"] | null;
}

export const isFile = (outcome: Outcome): outcome is FileOf => "missing" in outcome;
