/** The repositories of a snapshot that one client may see. */
import { type Catalog, v1Repository, v2Repository } from "../../core/catalog/catalog.ts";
import type { Repository, V1Repository, V2Repository } from "../../core/redirect-file/repository.ts";
import type { View } from "../view.ts";

/** Repositories by name on each API. */
export interface Repositories {
  readonly v1: readonly V1Repository[];
  readonly v2: readonly V2Repository[];
}

/** All repositories of a catalogue: it never changes, and to look up each name takes ms. */
const known = new WeakMap<Catalog, Repositories>();

function repositoriesOf(catalog: Catalog): Repositories {
  const before = known.get(catalog);
  if (before !== undefined) return before;
  const repositories: Repositories = {
    v1: catalog.v1.names.flatMap((name) => v1Repository(catalog, name) ?? []),
    v2: catalog.v2.names.flatMap((name) => v2Repository(catalog, name) ?? []),
  };
  known.set(catalog, repositories);
  return repositories;
}

/** All repositories that may be seen. */
export function visibleTo({ catalog, maySee }: Pick<View, "catalog" | "maySee">): Repositories {
  const { v1, v2 } = repositoriesOf(catalog);
  return { v1: v1.filter(maySee), v2: v2.filter(maySee) };
}

/** A name, on the APIs that have it. */
export interface NamedRepository {
  readonly name: string;
  readonly v1: V1Repository | undefined;
  readonly v2: V2Repository | undefined;
}

/** One list, by name, in one pass: both are in order. */
export function byName({ v1, v2 }: Repositories): readonly NamedRepository[] {
  const all: NamedRepository[] = [];
  let next = 0;
  for (const repository of v1) {
    const { name } = repository;
    for (let other = v2[next]; other !== undefined && other.name < name; other = v2[next]) {
      all.push({ name: other.name, v1: undefined, v2: other });
      next++;
    }
    const other = v2[next]?.name === name ? v2[next++] : undefined;
    all.push({ name, v1: repository, v2: other });
  }
  for (const repository of v2.slice(next)) all.push({ name: repository.name, v1: undefined, v2: repository });
  return all;
}

/** The description that the file of a name has. */
export const descriptionOf = ({ v1, v2 }: Pick<NamedRepository, "v1" | "v2">): string =>
  v2?.about?.description || v1?.about?.description || "";

/** Descriptions in lower case. */
const loweredDescriptions = new WeakMap<Repository, string>();

function loweredDescription(repository: Repository | undefined): string {
  if (repository?.about === undefined) return "";
  const known = loweredDescriptions.get(repository);
  if (known !== undefined) return known;
  const text = repository.about.description.toLowerCase();
  loweredDescriptions.set(repository, text);
  return text;
}

/** Tells whether the name or the description of a repository has each of the words. @param words in lower case */
export function hasWords({ name, v1, v2 }: NamedRepository, words: readonly string[]): boolean {
  const description = () => loweredDescription(v2) || loweredDescription(v1);
  return words.every((word) => name.includes(word) || description().includes(word));
}
