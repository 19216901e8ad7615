import type { Repository, V1Repository, V2Repository } from "../redirect-file/repository.ts";
import type { ImageId, RepositoryName } from "../reference.ts";
import { editShards, emptyShards, getFrom, type Shards, type ShardsEdit } from "./shards.ts";

/** One file's claim to a name. */
interface Claim<Of extends Repository = Repository> {
  readonly path: string;
  readonly repository: Of;
}

/** The claim to one name on one API that serves, and those that are passed over, by path; most names have none. */
interface Claims<Of extends Repository> extends Claim<Of> {
  readonly others: readonly Claim<Of>[];
}

const NO_OTHERS: readonly never[] = [];

/** One API's repositories. */
interface Shelf<Of extends Repository> {
  readonly byName: Shards<Claims<Of>>;
  /** Names in order, that is by ASCII. */
  readonly names: readonly RepositoryName[];
}

/**
 * An immutable snapshot of all repositories. It depends on which files there are and on what they say, never on the
 * order in which they came.
 */
export interface Catalog {
  readonly v1: Shelf<V1Repository>;
  readonly v2: Shelf<V2Repository>;
  readonly images: Shards<Owners>;
}

/** The v1 repositories that have an image, by name; the one alone where there is one, which saves its array. */
type Owners = V1Repository | readonly V1Repository[];

/** A file that appeared or changed, or (without a repository) went away. */
export interface Change {
  readonly path: string;
  readonly before: Repository | undefined;
  readonly after: Repository | undefined;
}

/** Two files that claim one name on one API: `path` is passed over for `servedFrom`. */
export interface Conflict {
  readonly path: string;
  readonly servedFrom: string;
  readonly name: RepositoryName;
}

export const EMPTY_CATALOG: Catalog = {
  v1: { byName: emptyShards(), names: [] },
  v2: { byName: emptyShards(), names: [] },
  images: emptyShards(),
};

/** @returns the v1 repository of that name, protected or not */
export function v1Repository(catalog: Catalog, name: string): V1Repository | undefined {
  return getFrom(catalog.v1.byName, name)?.repository;
}

/** @returns the v2 repository of that name, protected or not */
export function v2Repository(catalog: Catalog, name: string): V2Repository | undefined {
  return getFrom(catalog.v2.byName, name)?.repository;
}

/** @returns the path of the file that a repository is served from */
export function servedFrom(catalog: Catalog, api: Repository["api"], name: string): string | undefined {
  return getFrom<Claims<Repository>>(catalog[api].byName, name)?.path;
}

/** Visits every repository that is served, protected or not, in no order. It looks nothing up, so it costs little. */
export function forEachRepository(catalog: Catalog, visit: (repository: Repository) => void): void {
  const visitShelf = ({ byName }: Shelf<Repository>) => {
    for (const shard of byName.shards) shard?.forEach(({ repository }) => void visit(repository));
  };
  visitShelf(catalog.v2);
  visitShelf(catalog.v1);
}

const listOf = (owners: Owners | undefined): readonly V1Repository[] =>
  owners === undefined ? [] : "api" in owners ? [owners] : owners;

const ownersOf = ([first, ...others]: readonly V1Repository[]): Owners | undefined =>
  first === undefined || others.length === 0 ? first : [first, ...others];

/** @returns the v1 repositories that have an image, by name */
export function repositoriesWithImage(catalog: Catalog, id: ImageId): readonly V1Repository[] {
  return listOf(getFrom(catalog.images, id));
}

/** Surrogates stand for code points above all others, though their code units do not. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** The order of UTF-8 bytes, which is that of code points. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const allClaims = <Of extends Repository>(claims: Claims<Of> | undefined): readonly Claim<Of>[] =>
  claims === undefined ? NO_OTHERS : [{ path: claims.path, repository: claims.repository }, ...claims.others];

function claimsOf<Of extends Repository>(claims: readonly Claim<Of>[]): Claims<Of> | undefined {
  const [first, ...others] = claims.length > 1 ? claims.toSorted((a, b) => comparePaths(a.path, b.path)) : claims;
  if (first === undefined) return undefined;
  return { path: first.path, repository: first.repository, others: others.length === 0 ? NO_OTHERS : others };
}

/** @param repository what the file at `path` says now, if it claims the name at all */
function withClaim<Of extends Repository>(
  claims: Claims<Of> | undefined,
  path: string,
  repository: Of | undefined,
): Claims<Of> | undefined {
  const kept = allClaims(claims).filter((claim) => claim.path !== path);
  return claimsOf(repository === undefined ? kept : [...kept, { path, repository }]);
}

/** Brings a sorted list up to date in one pass: the names in `changed` go, but for the `present` among them. */
function withNames(
  names: readonly RepositoryName[],
  changed: ReadonlySet<RepositoryName>,
  present: readonly RepositoryName[],
): readonly RepositoryName[] {
  if (changed.size === 0) return names;
  const arrivals = present.toSorted();
  const merged: RepositoryName[] = [];
  let next = 0;
  for (const name of names) {
    if (changed.has(name)) continue;
    for (let arrival = arrivals[next]; arrival !== undefined && arrival < name; arrival = arrivals[next]) {
      merged.push(arrival);
      next++;
    }
    merged.push(name);
  }
  return next < arrivals.length ? merged.concat(arrivals.slice(next)) : merged;
}

interface ShelfEdit<Of extends Repository> {
  edit(path: string, before: Of | undefined, after: Of | undefined): void;
  done(): Shelf<Of>;
}

/** @param onServed told of every name whose serving repository changes */
function editShelf<Of extends Repository>(
  shelf: Shelf<Of>,
  onServed: (before: Of | undefined, after: Of | undefined) => void,
): ShelfEdit<Of> {
  const byName = editShards(shelf.byName);
  /** Names that came or went. */
  const changed = new Set<RepositoryName>();
  const put = (name: RepositoryName, claims: Claims<Of> | undefined) => {
    const before = byName.get(name)?.repository;
    const after = claims?.repository;
    byName.put(name, claims);
    if (before === after) return;
    if (before === undefined || after === undefined) changed.add(name);
    onServed(before, after);
  };
  return {
    edit(path, before, after) {
      if (before !== undefined && before.name !== after?.name) {
        put(before.name, withClaim(byName.get(before.name), path, undefined));
      }
      if (after === undefined) return;
      put(after.name, withClaim(byName.get(after.name), path, after));
    },
    done: () => {
      const present = [...changed].filter((name) => byName.get(name) !== undefined);
      return { byName: byName.done(), names: withNames(shelf.names, changed, present) };
    },
  };
}

function reindexImages(
  images: ShardsEdit<Owners>,
  before: V1Repository | undefined,
  after: V1Repository | undefined,
): void {
  for (const { id } of before?.images ?? []) {
    images.put(id, ownersOf(listOf(images.get(id)).filter((repository) => repository !== before)));
  }
  if (after === undefined) return;
  for (const id of new Set(after.images.map((image) => image.id))) {
    const owners = [...listOf(images.get(id)), after];
    images.put(id, ownersOf(owners.sort((a, b) => (a.name < b.name ? -1 : 1))));
  }
}

const only = <Api extends Repository["api"]>(api: Api, repository: Repository | undefined) =>
  repository?.api === api ? (repository as Extract<Repository, { api: Api }>) : undefined;

/** A catalogue under edit, which can be left and taken up again: the one it starts from is never changed. */
export interface CatalogEdit {
  /** @param change of a path that had none in this edit */
  apply(change: Change): void;
  /** @returns a new catalogue that shares with the old one whatever did not change */
  done(): Catalog;
}

export function editCatalog(catalog: Catalog): CatalogEdit {
  const images = editShards(catalog.images);
  const v1 = editShelf(catalog.v1, (before, after) => reindexImages(images, before, after));
  const v2 = editShelf(catalog.v2, () => {});
  return {
    apply({ path, before, after }) {
      v1.edit(path, only("v1", before), only("v1", after));
      v2.edit(path, only("v2", before), only("v2", after));
    },
    done: () => ({ v1: v1.done(), v2: v2.done(), images: images.done() }),
  };
}

/**
 * Makes the next snapshot.
 *
 * @param changes what happened to files since `catalog`, each path at most once
 */
export function withChanges(catalog: Catalog, changes: Iterable<Change>): Catalog {
  const edit = editCatalog(catalog);
  for (const change of changes) edit.apply(change);
  return edit.done();
}

function conflictsOver<Of extends Repository>(shelf: Shelf<Of>, name: RepositoryName): readonly Conflict[] {
  const claims = getFrom(shelf.byName, name);
  return claims?.others.map(({ path }) => ({ path, servedFrom: claims.path, name })) ?? [];
}

/** @returns the files that are passed over for one name on one API, because another that claims it comes first */
export function conflictsFor(catalog: Catalog, api: Repository["api"], name: RepositoryName): readonly Conflict[] {
  return conflictsOver<Repository>(catalog[api], name);
}

/** @returns every file that is passed over because another with its name comes first */
export function conflictsIn(catalog: Catalog): readonly Conflict[] {
  return [catalog.v1, catalog.v2].flatMap((shelf: Shelf<Repository>) =>
    shelf.names.flatMap((name) => conflictsOver(shelf, name)),
  );
}
