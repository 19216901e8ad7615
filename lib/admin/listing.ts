import { type Catalog, v1Repository, v2Repository } from "../catalog/catalog.ts";
import type { Repository, V1Repository, V2Repository } from "../redirect-file/repository.ts";

/** Which repositories a page is about. */
export type Scope = "all" | Repository["api"];

/** All repositories of one snapshot, with the eyes of whoever asks. */
export interface Sight {
  readonly catalog: Catalog;
  readonly maySee: (repository: Repository) => boolean;
}

/** A part of a list that fits a page. */
export interface Part {
  readonly repositories: readonly Repository[];
  /** How many there are before `repositories`. */
  readonly before: number;
  /** How many the search found. */
  readonly found: number;
  /** Counted from 1. */
  readonly page: number;
  readonly pages: number;
}

/** As much as can be read, and a tenth of a megabyte. */
const PAGE_SIZE = 100;

/** The v1 repositories that may be seen, by name. */
export function visibleV1({ catalog, maySee }: Sight): readonly V1Repository[] {
  return catalog.v1.names.flatMap((name) => v1Repository(catalog, name) ?? []).filter(maySee);
}

/** The v2 repositories that may be seen, by name. */
export function visibleV2({ catalog, maySee }: Sight): readonly V2Repository[] {
  return catalog.v2.names.flatMap((name) => v2Repository(catalog, name) ?? []).filter(maySee);
}

/** All of a scope that may be seen, by name; v1 comes first where both APIs have one. */
export function visibleIn(sight: Sight, scope: Scope): readonly Repository[] {
  if (scope !== "all") return scope === "v1" ? visibleV1(sight) : visibleV2(sight);
  const all: readonly Repository[] = [...visibleV1(sight), ...visibleV2(sight)];
  return all.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** How many of a scope may not be seen. */
export function hiddenIn({ catalog }: Pick<Sight, "catalog">, scope: Scope, visible: readonly Repository[]): number {
  const { v1, v2 } = catalog;
  const shelves = scope === "all" ? [v1, v2] : [catalog[scope]];
  return shelves.reduce((sum, { names }) => sum + names.length, 0) - visible.length;
}

/**
 * Cuts a page out of what a search finds.
 *
 * @param search in the name, in any case; empty finds all
 * @param page the nearest there is, when there is no such page
 */
export function partOf(repositories: readonly Repository[], search: string, page: number): Part {
  const wanted = search.trim().toLowerCase();
  const found = wanted === "" ? repositories : repositories.filter(({ name }) => name.includes(wanted));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const nearest = Math.min(Math.max(1, page), pages);
  const before = (nearest - 1) * PAGE_SIZE;
  const part = found.slice(before, before + PAGE_SIZE);
  return { repositories: part, before, found: found.length, page: nearest, pages };
}
