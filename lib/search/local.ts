import { v1Repository, v2Repository } from "../catalog/catalog.ts";
import type { About, Repository } from "../redirect-file/repository.ts";
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

/** The worst rank of the words, all of which have to fit. */
function rankOf({ name, about }: Repository, words: readonly string[]): number {
  let worst: number = RANK.wholeName;
  let description: string | undefined;
  for (const word of words) {
    let rank = rankInName(name, word);
    if (rank === RANK.not && about !== undefined) {
      description ??= folded(about.description);
      if (hasWord(description, word)) rank = RANK.inDescription;
    }
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

function* repositoriesOf({ catalog }: Visible): Generator<Repository | undefined> {
  for (const name of catalog.v2.names) yield v2Repository(catalog, name);
  for (const name of catalog.v1.names) yield v1Repository(catalog, name);
}

const resultOf = ({ name, about }: Hit): SearchResult => ({
  name,
  description: about?.description ?? "",
  is_trusted: about?.isTrusted ?? false,
  is_official: about?.isOfficial ?? false,
  star_count: about?.starCount ?? 0,
  should_filter: false,
});

/**
 * Searches the loaded repositories of both APIs that the client may see.
 *
 * Every word of the query has to be found. What counts is where the one that fits least is: it is the name, the name's
 * last component, the start of a component, anywhere in the name, or the start of a word of the description. Among
 * equals the one with more stars comes first, then the official one, then by name.
 */
export function searchLocally({ q, n }: SearchQuery, visible: Visible): readonly SearchResult[] {
  const words = wordsOf(q);
  if (words.length === 0) return [];
  const hits = new Map<string, Hit>();
  for (const repository of repositoriesOf(visible)) {
    if (repository === undefined) continue;
    const rank = rankOf(repository, words);
    if (rank === RANK.not || !visible.maySee(repository)) continue;
    const { name, about } = repository;
    const other = hits.get(name);
    hits.set(
      name,
      other === undefined
        ? { name, rank, about }
        : { name, rank: Math.min(rank, other.rank), about: other.about ?? about },
    );
  }
  return [...hits.values()].sort(byRank).slice(0, n).map(resultOf);
}
