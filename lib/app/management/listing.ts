import {
  type Catalog,
  type Conflict,
  comparePaths,
  conflictsIn,
  v1Repository,
  v2Repository,
} from "../../core/catalog/catalog.ts";
import type { Repository, V1Repository, V2Repository } from "../../core/redirect-file/repository.ts";

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

/** Repositories by name on each API. */
export interface Repositories {
  readonly v1: readonly V1Repository[];
  readonly v2: readonly V2Repository[];
}

/** All of a catalogue, and the files that are passed over in it: it never changes, and to look up each name takes ms. */
interface Contents extends Repositories {
  readonly conflicts: readonly Conflict[];
}

const known = new WeakMap<Catalog, Contents>();

function contentsOf(catalog: Catalog): Contents {
  const before = known.get(catalog);
  if (before !== undefined) return before;
  const contents: Contents = {
    v1: catalog.v1.names.flatMap((name) => v1Repository(catalog, name) ?? []),
    v2: catalog.v2.names.flatMap((name) => v2Repository(catalog, name) ?? []),
    conflicts: conflictsIn(catalog).toSorted((a, b) => comparePaths(a.path, b.path)),
  };
  known.set(catalog, contents);
  return contents;
}

/** All repositories that may be seen. */
export function visibleTo({ catalog, maySee }: Sight): Repositories {
  const { v1, v2 } = contentsOf(catalog);
  return { v1: v1.filter(maySee), v2: v2.filter(maySee) };
}

/** The files that are passed over for one that may be seen, in the order of their paths. */
export function conflictsAmong({ v1, v2 }: Repositories, catalog: Catalog): readonly Conflict[] {
  const { conflicts } = contentsOf(catalog);
  if (conflicts.length === 0) return conflicts;
  const names = new Set<string>([...v1, ...v2].map(({ name }) => name));
  return conflicts.filter(({ name }) => names.has(name));
}

/** One list, by name, in one pass: both are in order. v1 comes first where both APIs have a name. */
function merged({ v1, v2 }: Repositories): readonly Repository[] {
  const all: Repository[] = [];
  let next = 0;
  for (const repository of v1) {
    for (let other = v2[next]; other !== undefined && other.name < repository.name; other = v2[next]) {
      all.push(other);
      next++;
    }
    all.push(repository);
  }
  return [...all, ...v2.slice(next)];
}

/** What of it a page is about, by name. */
export const within = (visible: Repositories, scope: Scope): readonly Repository[] =>
  scope === "all" ? merged(visible) : visible[scope];

/** How many repositories may not be seen. */
export const hiddenFrom = (visible: Repositories, { v1, v2 }: Catalog): number =>
  v1.names.length + v2.names.length - visible.v1.length - visible.v2.length;

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
