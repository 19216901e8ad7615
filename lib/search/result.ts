/** The questions and answers of a search, from the loaded repositories or from another server. */
import { type Catalog, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { Repository } from "../core/redirect-file/repository.ts";

/** A client's question. */
export interface SearchQuery {
  readonly q: string;
  /** Results on a page; 25 by default, 100 at most. */
  readonly n?: number | undefined;
  /** The page, from 1; the first by default. */
  readonly page?: number | undefined;
  /** Ends the search when the client is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** The repositories that one client may see. */
export interface Visible {
  readonly catalog: Catalog;
  readonly maySee: (repository: Repository) => boolean;
}

/** One result, as v1 clients read it. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly is_trusted: boolean;
  readonly is_official: boolean;
  readonly star_count: number;
  /** Whether the result is shown only if it names a repository that is loaded and that the client may see. */
  readonly should_filter: boolean;
}

/** Why a search has no answer. */
export interface SearchFailure {
  readonly status: 502 | 503 | 504;
  /** For the log: it may quote the other server, but never the configured URL. */
  readonly reason: string;
}

/** The results of one page, the best first, or why there are none. */
export type Searched =
  | { readonly ok: true; readonly results: readonly SearchResult[] }
  | { readonly ok: false; readonly failure: SearchFailure };

const DEFAULT_PAGE_SIZE = 25;
const MAX_PAGE_SIZE = 100;

/** @returns the positions of a page's results among all results: from the first to before the second */
export function pageOf({ n = DEFAULT_PAGE_SIZE, page = 1 }: SearchQuery): readonly [from: number, to: number] {
  const size = Math.min(n, MAX_PAGE_SIZE);
  return [(page - 1) * size, page * size];
}

/** @returns a failed search */
export const failed = (status: SearchFailure["status"], reason: string): { ok: false; failure: SearchFailure } => ({
  ok: false,
  failure: { status, reason },
});

/** @returns whether a repository of that name is loaded, on either API, and the client may see it */
export function isVisible({ catalog, maySee }: Visible, name: string): boolean {
  return [v2Repository(catalog, name), v1Repository(catalog, name)].some(
    (repository) => repository !== undefined && maySee(repository),
  );
}
