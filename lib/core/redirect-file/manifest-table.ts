/** The references of a version 2 to 5 file, with the kinds of manifest that each is known in. */
import type { ManifestKind } from "../media-types.ts";
import { isDigest, type Reference } from "../reference.ts";
import { findSorted } from "./sorted.ts";

/** References in ASCII order with the kinds that they are known in. */
interface Column {
  readonly references: readonly Reference[];
  /** A character for each reference, at the same place; its code is made of {@link KIND_BIT}. */
  readonly kinds: string;
}

/**
 * Every reference of a repository with the kinds that it is known in: the tags in order, and the digests after them.
 *
 * A Map costs 33 to 78 bytes a reference; this costs 9, and a page of tags is a slice of it.
 */
export interface ManifestTable extends Column {
  readonly tagCount: number;
}

/** One bit for each kind of manifest. */
export const KIND_BIT: Readonly<Record<ManifestKind, number>> = { "1": 1, "2": 2, list: 4, oci: 8, index: 16 };

const bitOf = (kind: ManifestKind | undefined): number => (kind === undefined ? 0 : KIND_BIT[kind]);

/** One list of a file: references, and the kind that it gives them; none where it only names them. */
type ReferenceList = readonly [kind: ManifestKind | undefined, references: Iterable<Reference>];

const EMPTY_COLUMN: Column = { references: [], kinds: "" };

/** Sorted, each once. The grammar is ASCII, so the default order by UTF-16 code units is the order by bytes. */
function inOrder(references: readonly Reference[]): readonly Reference[] {
  const sorted = references.toSorted();
  const isDouble = (reference: Reference, at: number) => reference === sorted[at - 1];
  return sorted.some(isDouble) ? sorted.filter((reference, at) => !isDouble(reference, at)) : sorted;
}

function columnOf(kind: ManifestKind | undefined, list: readonly Reference[]): Column {
  const references = inOrder(list);
  return { references, kinds: String.fromCharCode(bitOf(kind)).repeat(references.length) };
}

/** @param join the bits of a reference that both know */
function merge(one: Column, other: Column, join: (a: number, b: number) => number): Column {
  if (other.references.length === 0) return one;
  if (one.references.length === 0) return other;
  const references: Reference[] = [];
  const kinds: string[] = [];
  const take = (reference: Reference, bits: number): void => {
    references.push(reference);
    kinds.push(String.fromCharCode(bits));
  };
  let next = 0;
  const takeOthers = (end: Reference | undefined): void => {
    for (; next < other.references.length; next++) {
      const reference = other.references[next];
      if (reference === undefined || (end !== undefined && reference >= end)) return;
      take(reference, other.kinds.charCodeAt(next));
    }
  };
  one.references.forEach((reference, at) => {
    takeOthers(reference);
    const bits = one.kinds.charCodeAt(at);
    if (other.references[next] !== reference) take(reference, bits);
    else take(reference, join(bits, other.kinds.charCodeAt(next++)));
  });
  takeOthers(undefined);
  return { references, kinds: kinds.join("") };
}

/**
 * Gathers the lists of a file into one table. Sorting and merging is five times as fast as a Map where there are many.
 *
 * @param fallbacks count for a reference only if no list before them names it
 */
export function tabulate(lists: Iterable<ReferenceList>, fallbacks: Iterable<ReferenceList> = []): ManifestTable {
  let tags = EMPTY_COLUMN;
  let digests = EMPTY_COLUMN;
  const add = ([kind, list]: ReferenceList, join: (a: number, b: number) => number) => {
    const listed: { readonly tags: Reference[]; readonly digests: Reference[] } = { tags: [], digests: [] };
    for (const reference of list) (isDigest(reference) ? listed.digests : listed.tags).push(reference);
    tags = merge(tags, columnOf(kind, listed.tags), join);
    digests = merge(digests, columnOf(kind, listed.digests), join);
  };
  for (const list of lists) add(list, (a, b) => a | b);
  for (const list of fallbacks) add(list, (a) => a);
  return {
    // A copy: a list that grew holds room for more.
    references: [...tags.references, ...digests.references],
    kinds: [tags.kinds, digests.kinds].join(""),
    tagCount: tags.references.length,
  };
}

/** @returns the bits of the kinds that `reference` is known in; undefined when it is named nowhere */
export function kindsOf(table: ManifestTable, reference: Reference): number | undefined {
  const { references, kinds, tagCount } = table;
  const [low, high] = isDigest(reference) ? [tagCount, references.length] : [0, tagCount];
  const at = findSorted(references, reference, low, high);
  return at === undefined ? undefined : kinds.charCodeAt(at);
}
