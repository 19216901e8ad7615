/** What is asked of a search and what it answers, whoever does the searching. */
import { type Catalog, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { Repository } from "../core/redirect-file/repository.ts";

/** What a client searches for. */
export interface SearchQuery {
  readonly q: string;
  /** The most results that the client wants; all without it. */
  readonly n?: number | undefined;
}

/** The repositories that results may come from: those loaded, seen with one client's eyes. */
export interface Visible {
  readonly catalog: Catalog;
  readonly maySee: (repository: Repository) => boolean;
}

/** One result as v1 clients read it. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly is_trusted: boolean;
  readonly is_official: boolean;
  readonly star_count: number;
  /** Whether the source names repositories that may not be here; whatever it says, only those that are get out. */
  readonly should_filter: boolean;
}

/** Why another's search gave nothing: too late, not to be reached, or an answer that makes no sense. */
export interface SearchFailure {
  readonly status: 502 | 503 | 504;
  /** For the log: it may quote the other side, but has nothing of the configured URL. */
  readonly reason: string;
}

/** The results, the best first, or why there are none. */
export type Searched =
  | { readonly ok: true; readonly results: readonly SearchResult[] }
  | { readonly ok: false; readonly failure: SearchFailure };

/** @returns the failure, as what came of a search */
export const failed = (status: SearchFailure["status"], reason: string): { ok: false; failure: SearchFailure } => ({
  ok: false,
  failure: { status, reason },
});

/** @returns whether the name is loaded, on either API, and open to the client there */
export function isVisible({ catalog, maySee }: Visible, name: string): boolean {
  return [v2Repository(catalog, name), v1Repository(catalog, name)].some(
    (repository) => repository !== undefined && maySee(repository),
  );
}
