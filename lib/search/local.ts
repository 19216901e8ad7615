import { type Catalog, forEachRepository, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { About, Repository } from "../core/redirect-file/repository.ts";
import type { SearchQuery, SearchResult, Visible } from "./result.ts";

// Each further word costs a look at every repository, and a request has room for thousands.
const MAX_WORDS = 8;

/** How well a word fits a repository, the best first. */
const RANK = { wholeName: 0, lastComponent: 1, startOfComponent: 2, withinName: 3, inDescription: 4, not: 5 } as const;

/** Case and the two ways to write an accent make no difference. */
const folded = (text: string): string => text.toWellFormed().normalize("NFC").toLowerCase();

function wordsOf(query: string): readonly string[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  return [...new Set(words)].slice(0, MAX_WORDS);
}

function rankInName(name: string, word: string): number {
  if (!name.includes(word)) return RANK.not;
  if (name.length === word.length) return RANK.wholeName;
  if (name.endsWith(`/${word}`)) return RANK.lastComponent;
  return name.startsWith(word) || name.includes(`/${word}`) ? RANK.startOfComponent : RANK.withinName;
}

const endsInWord = /[\p{L}\p{N}]$/u;

/** @returns whether a word of the text begins with `word` */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!endsInWord.test(text.slice(Math.max(0, at - 2), at))) return true;
  }
  return false;
}

/** The worst rank of the words, all of which have to fit. @param text the description, folded */
function rankOf(name: string, text: string, words: readonly string[]): number {
  let worst: number = RANK.wholeName;
  for (const word of words) {
    const inName = rankInName(name, word);
    const rank = inName === RANK.not && hasWord(text, word) ? RANK.inDescription : inName;
    if (rank === RANK.not) return rank;
    worst = Math.max(worst, rank);
  }
  return worst;
}

/** A name that fits, on either API or on both. */
interface Hit {
  readonly name: string;
  readonly rank: number;
  readonly about: About | undefined;
}

const starsOf = ({ about }: Hit): number => about?.starCount ?? 0;
const officialOf = ({ about }: Hit): number => (about?.isOfficial === true ? 1 : 0);

const byRank = (a: Hit, b: Hit): number =>
  a.rank - b.rank || starsOf(b) - starsOf(a) || officialOf(b) - officialOf(a) || (a.name < b.name ? -1 : 1);

const resultOf = ({ name, about }: Hit): SearchResult => ({
  name,
  description: about?.description ?? "",
  is_trusted: about?.isTrusted ?? false,
  is_official: about?.isOfficial ?? false,
  star_count: about?.starCount ?? 0,
  should_filter: false,
});

/** A repository with a description, and that description folded. */
interface Described {
  readonly repository: Repository;
  readonly text: string;
}

const describedIn = new WeakMap<Catalog, readonly Described[]>();

/** Most repositories have no description, and the catalogue stays the same for many searches. */
function describedOf(catalog: Catalog): readonly Described[] {
  const known = describedIn.get(catalog);
  if (known !== undefined) return known;
  const described: Described[] = [];
  forEachRepository(catalog, (repository) => {
    const text = folded(repository.about?.description ?? "");
    if (text !== "") described.push({ repository, text });
  });
  describedIn.set(catalog, described);
  return described;
}

/**
 * Searches the loaded repositories of both APIs that the client may see.
 *
 * Every word of the query has to be found. What counts is where the one that fits least is: it is the name, the name's
 * last component, the start of a component, anywhere in the name, or the start of a word of the description. Among
 * equals the one with more stars comes first, then the official one, then by name.
 */
export function searchLocally({ q, n }: SearchQuery, { catalog, maySee }: Visible): readonly SearchResult[] {
  const words = wordsOf(q);
  if (words.length === 0) return [];
  const hits = new Map<string, Hit>();
  const take = (rank: number, repository: Repository | undefined) => {
    if (repository === undefined || !maySee(repository)) return;
    const { name, about } = repository;
    const other = hits.get(name) ?? { rank, about };
    hits.set(name, { name, rank: Math.min(rank, other.rank), about: other.about ?? about });
  };
  const takeNames = (names: readonly string[], find: (name: string) => Repository | undefined) => {
    for (const name of names) {
      const rank = rankOf(name, "", words);
      if (rank !== RANK.not) take(rank, find(name));
    }
  };
  takeNames(catalog.v2.names, (name) => v2Repository(catalog, name));
  takeNames(catalog.v1.names, (name) => v1Repository(catalog, name));
  for (const { repository, text } of describedOf(catalog)) {
    if (rankOf(repository.name, text, words) === RANK.inDescription) take(RANK.inDescription, repository);
  }
  return [...hits.values()].sort(byRank).slice(0, n).map(resultOf);
}
