import type { Repository, V1Repository, V2Repository } from "../redirect-file/repository.ts";
import type { ImageId, RepositoryName } from "../reference.ts";
import { editShards, emptyShards, getFrom, type Shards, type ShardsEdit } from "./shards.ts";
import { type Compare, eachOf, firstOf, type Sorted, withItem, withoutItem } from "./sorted.ts";

/** A file, and the repository that it describes. */
export interface Owner<Of extends Repository = Repository> {
  readonly path: string;
  readonly repository: Of;
}

/** The repositories of one API. */
interface ApiIndex<Of extends Repository> {
  /** The files that claim a name, by path: the first one is served. */
  readonly byName: Shards<Sorted<Owner<Of>>>;
  /** Names in ASCII order. */
  readonly names: readonly RepositoryName[];
  /** Protected repositories that are served. */
  readonly protectedCount: number;
}

/**
 * An immutable snapshot of all repositories. It depends on the files and their content only, never on the order in
 * which they were read.
 */
export interface Catalog {
  readonly v1: ApiIndex<V1Repository>;
  readonly v2: ApiIndex<V2Repository>;
  /** The v1 repositories that have an image, by name. */
  readonly images: Shards<Sorted<V1Repository>>;
}

/** A file that appeared, changed, or (without a repository) was removed. */
export interface Change {
  readonly path: string;
  readonly before: Repository | undefined;
  readonly after: Repository | undefined;
}

/** Two files claim one name on one API: `path` is ignored in favour of `servedFrom`. */
export interface Conflict {
  readonly path: string;
  readonly servedFrom: string;
  readonly name: RepositoryName;
}

export const EMPTY_CATALOG: Catalog = {
  v1: { byName: emptyShards(), names: [], protectedCount: 0 },
  v2: { byName: emptyShards(), names: [], protectedCount: 0 },
  images: emptyShards(),
};

function ownerOf<Of extends Repository>({ byName }: ApiIndex<Of>, name: string): Owner<Of> | undefined {
  const owners = getFrom(byName, name);
  return owners === undefined ? undefined : firstOf(owners);
}

/** @returns the v1 repository of that name, protected or not */
export function v1Repository(catalog: Catalog, name: string): V1Repository | undefined {
  return ownerOf(catalog.v1, name)?.repository;
}

/** @returns the v2 repository of that name, protected or not */
export function v2Repository(catalog: Catalog, name: string): V2Repository | undefined {
  return ownerOf(catalog.v2, name)?.repository;
}

/** @returns the path of the file that a repository is served from */
export function servedFrom(catalog: Catalog, api: Repository["api"], name: string): string | undefined {
  return ownerOf<Repository>(catalog[api], name)?.path;
}

/** Visits every repository that is served, protected or not, in no order. */
export function forEachRepository(catalog: Catalog, visit: (repository: Repository) => void): void {
  const visitIndex = ({ byName }: ApiIndex<Repository>) => {
    for (const shard of byName.shards)
      for (const owners of shard?.values ?? []) {
        const owner = firstOf(owners);
        if (owner !== undefined) visit(owner.repository);
      }
  };
  visitIndex(catalog.v2);
  visitIndex(catalog.v1);
}

/** Finds the first repository by name that has an image and that a client may see. */
export function imageOwner(
  catalog: Catalog,
  id: ImageId,
  maySee: (repository: V1Repository) => boolean,
): V1Repository | undefined {
  for (const repository of eachOf(getFrom(catalog.images, id))) if (maySee(repository)) return repository;
  return undefined;
}

/** Surrogates encode code points above all others, though their code units are lower than some. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Compares by UTF-8 bytes, which is the order of code points. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const byPath: Compare<Owner<Repository>> = (a, b) => comparePaths(a.path, b.path);

const byName: Compare<V1Repository> = (a, b) => (a.name < b.name ? -1 : Number(a.name > b.name));

/** Updates a sorted list in one pass: removes the names in `changed`, except those in `present`. */
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

interface IndexEdit<Of extends Repository> {
  edit(path: string, before: Of | undefined, after: Of | undefined): void;
  done(): ApiIndex<Of>;
}

/** @param onServed is called with every change of the repository that a name serves */
function editIndex<Of extends Repository>(
  index: ApiIndex<Of>,
  onServed: (before: Of | undefined, after: Of | undefined) => void,
): IndexEdit<Of> {
  const byName = editShards(index.byName);
  let { protectedCount } = index;
  /** Names that appeared or disappeared. */
  const changed = new Set<RepositoryName>();
  const put = (name: RepositoryName, edit: (owners: Sorted<Owner<Of>> | undefined) => typeof owners) => {
    const owners = byName.get(name);
    const next = edit(owners);
    byName.put(name, next);
    const before = owners === undefined ? undefined : firstOf(owners)?.repository;
    const after = next === undefined ? undefined : firstOf(next)?.repository;
    if (before === after) return;
    if (before === undefined || after === undefined) changed.add(name);
    protectedCount += Number(after?.isProtected ?? false) - Number(before?.isProtected ?? false);
    onServed(before, after);
  };
  return {
    edit(path, before, after) {
      if (before !== undefined && before.name !== after?.name)
        put(before.name, (owners) => withoutItem(owners, { path, repository: before }, byPath));
      if (after !== undefined) put(after.name, (owners) => withItem(owners, { path, repository: after }, byPath));
    },
    done: () => {
      const present = [...changed].filter((name) => byName.get(name) !== undefined);
      return { byName: byName.done(), names: withNames(index.names, changed, present), protectedCount };
    },
  };
}

function reindexImages(
  images: ShardsEdit<Sorted<V1Repository>>,
  before: V1Repository | undefined,
  after: V1Repository | undefined,
): void {
  for (const { id } of before?.images ?? [])
    if (before !== undefined) images.put(id, withoutItem(images.get(id), before, byName));
  for (const { id } of after?.images ?? [])
    if (after !== undefined) images.put(id, withItem(images.get(id), after, byName));
}

const only = <Api extends Repository["api"]>(api: Api, repository: Repository | undefined) =>
  repository?.api === api ? (repository as Extract<Repository, { api: Api }>) : undefined;

/** A catalogue under edit; the one that it starts from never changes. */
export interface CatalogEdit {
  /** @param change of a path that had none in this edit */
  apply(change: Change): void;
  /** @returns a new catalogue, which shares with the old one all that did not change */
  done(): Catalog;
}

export function editCatalog(catalog: Catalog): CatalogEdit {
  const images = editShards(catalog.images);
  const v1 = editIndex(catalog.v1, (before, after) => reindexImages(images, before, after));
  const v2 = editIndex(catalog.v2, () => {});
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
 * @param changes changes of files since `catalog`, each path at most once
 */
export function withChanges(catalog: Catalog, changes: Iterable<Change>): Catalog {
  const edit = editCatalog(catalog);
  for (const change of changes) edit.apply(change);
  return edit.done();
}

function* conflictsOver<Of extends Repository>(index: ApiIndex<Of>, name: RepositoryName): Generator<Conflict> {
  const owners = getFrom(index.byName, name);
  const serving = owners === undefined ? undefined : firstOf(owners);
  if (serving === undefined) return;
  for (const { path } of eachOf(owners)) if (path !== serving.path) yield { path, servedFrom: serving.path, name };
}

/** @returns the files that are ignored for a name on one API, because another one that claims it comes first */
export function conflictsFor(catalog: Catalog, api: Repository["api"], name: RepositoryName): Iterable<Conflict> {
  return conflictsOver<Repository>(catalog[api], name);
}

/** @returns every file that is ignored because another one with its name comes first */
export function conflictsIn(catalog: Catalog): readonly Conflict[] {
  return [catalog.v1, catalog.v2].flatMap((index: ApiIndex<Repository>) =>
    index.names.flatMap((name) => [...conflictsOver(index, name)]),
  );
}
