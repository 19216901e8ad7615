import pLimit from "p-limit";
import { type Catalog, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import type { About, Repository } from "../core/redirect-file/repository.ts";
import { inSlices } from "../slices.ts";
import { failed, pageOf, type Searched, type SearchQuery, type SearchResult, type Visible } from "./result.ts";

/** Each further word costs a look at every repository, and a request has room for thousands. */
const MAX_WORDS = 8;
/** Characters of a description that are searched. */
const MAX_DESCRIPTION = 10_000;
/** Names in a block of the index. */
const BLOCK = 32;
/** Results that can be paged through: all up to a page are kept in memory to find it. */
const MAX_HITS = 10_000;
/** Searches that wait for their turn. */
const MAX_WAITING = 256;

/** Ranks of a word for a repository, the best first. */
const RANK = { wholeName: 0, lastComponent: 1, startOfComponent: 2, withinName: 3, inDescription: 4, not: 5 } as const;

/** Case and the two ways to write an accent make no difference. */
const folded = (text: string): string => text.toWellFormed().normalize("NFC").toLowerCase();

/** A word of a query. */
interface Word {
  readonly text: string;
  readonly asComponent: string;
  /** Matches where a word of a description begins with it. */
  readonly start: RegExp;
}

function wordsOf(query: string): readonly Word[] {
  const words = new Set(folded(query).split(/\s+/).filter(Boolean));
  return [...words].slice(0, MAX_WORDS).map((text) => ({
    text,
    asComponent: `/${text}`,
    start: new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(text)}`, "u"),
  }));
}

function rankInName(name: string, { text, asComponent }: Word): number {
  const at = name.indexOf(text);
  if (at === -1) return RANK.not;
  if (name.length === text.length) return RANK.wholeName;
  if (name.endsWith(asComponent)) return RANK.lastComponent;
  return at === 0 || name.includes(asComponent) ? RANK.startOfComponent : RANK.withinName;
}

/** @returns the worst rank of the words, all of which have to fit. @param description folded */
function rankOf(name: string, description: string, words: readonly Word[]): number {
  let worst: number = RANK.wholeName;
  for (const word of words) {
    let rank = rankInName(name, word);
    if (rank === RANK.not && description.includes(word.text) && word.start.test(description)) rank = RANK.inDescription;
    if (rank === RANK.not) return rank;
    worst = Math.max(worst, rank);
  }
  return worst;
}

/** A repository, prepared for searches. */
interface IndexedRepository {
  readonly name: string;
  readonly description: string;
  readonly repository: Repository;
}

const entryOf = (repository: Repository): IndexedRepository => ({
  name: repository.name,
  description: folded(repository.about?.description.slice(0, MAX_DESCRIPTION) ?? ""),
  repository,
});

/** The repositories of one name: v2 before v1. */
type Entries = readonly IndexedRepository[];

/** Some names, and all of their text in one, where a word is looked for first. */
interface Block {
  readonly text: string;
  readonly names: readonly Entries[];
}

/** A name that fits. */
interface Hit {
  readonly name: string;
  readonly rank: number;
  readonly about: About | undefined;
}

/** @returns undefined when no repository of this name fits that the client may see */
function hitOf(entries: Entries, words: readonly Word[], maySee: Visible["maySee"]): Hit | undefined {
  let hit: Hit | undefined;
  for (const { name, description, repository } of entries) {
    const rank = rankOf(name, description, words);
    if (rank === RANK.not || !maySee(repository)) continue;
    const { about } = repository;
    hit = { name, rank, about: hit?.about ?? about };
  }
  return hit;
}

const starsOf = ({ about }: Hit): number => about?.starCount ?? 0;
const officialOf = ({ about }: Hit): number => (about?.isOfficial === true ? 1 : 0);

const byRank = (a: Hit, b: Hit): number =>
  a.rank - b.rank || starsOf(b) - starsOf(a) || officialOf(b) - officialOf(a) || (a.name < b.name ? -1 : 1);

/** Adds to the sorted hits, of which at most `most` are kept. */
function insert(hits: Hit[], hit: Hit, most: number): void {
  const worst = hits[most - 1];
  if (worst !== undefined && byRank(worst, hit) < 0) return;
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = hits[middle];
    if (other !== undefined && byRank(other, hit) < 0) low = middle + 1;
    else high = middle;
  }
  hits.splice(low, 0, hit);
  if (hits.length > most) hits.pop();
}

const resultOf = ({ name, about }: Hit): SearchResult => ({
  name,
  description: about?.description ?? "",
  is_trusted: about?.isTrusted ?? false,
  is_official: about?.isOfficial ?? false,
  star_count: about?.starCount ?? 0,
  should_filter: false,
});

/** @returns the names of both APIs, each once, in blocks */
function* blocksOf(catalog: Catalog): Generator<readonly string[]> {
  const { v1, v2 } = catalog;
  for (let at = 0; at < v2.names.length; at += BLOCK) yield v2.names.slice(at, at + BLOCK);
  for (let at = 0; at < v1.names.length; at += BLOCK) {
    yield v1.names.slice(at, at + BLOCK).filter((name) => v2Repository(catalog, name) === undefined);
  }
}

function blockOf(catalog: Catalog, names: readonly string[]): Block {
  const entries = names.map((name) =>
    [v2Repository(catalog, name), v1Repository(catalog, name)].filter((each) => each !== undefined).map(entryOf),
  );
  const texts = entries.flat().flatMap(({ name, description }) => [name, description]);
  return { text: texts.join("\n"), names: entries };
}

const indexes = new WeakMap<Catalog, readonly Block[]>();

/** Prepares a snapshot for searches, once. */
async function indexOf(catalog: Catalog, signal: AbortSignal | undefined): Promise<readonly Block[]> {
  const known = indexes.get(catalog);
  if (known !== undefined) return known;
  const index: Block[] = [];
  await inSlices(blocksOf(catalog), signal, (names) => void index.push(blockOf(catalog, names)));
  indexes.set(catalog, index);
  return index;
}

async function searchOnce(query: SearchQuery, { catalog, maySee }: Visible): Promise<Searched> {
  const { q, signal } = query;
  const words = wordsOf(q);
  if (words.length === 0) return { ok: true, results: [] };
  const [from, to] = pageOf(query);
  if (to > MAX_HITS) return { ok: true, results: [] };
  const best: Hit[] = [];
  await inSlices(await indexOf(catalog, signal), signal, ({ text, names }) => {
    if (!words.every((word) => text.includes(word.text))) return;
    for (const entries of names) {
      const hit = hitOf(entries, words, maySee);
      if (hit !== undefined) insert(best, hit, to);
    }
  });
  return { ok: true, results: best.slice(from).map(resultOf) };
}

/**
 * Makes the search over the loaded repositories of both APIs that the client may see.
 *
 * All words of the query must be found. The word that fits least decides: it is the name, the name's last component,
 * the start of a component, anywhere in the name, or the start of a word of the description. Among equals, the one with
 * more stars comes first, then the official one, then by name.
 *
 * Searches run one after the other, in slices between which the event loop goes on, so that any number of them holds
 * another request up for one slice only.
 */
export function createLocalSearch(): (query: SearchQuery, visible: Visible) => Promise<Searched> {
  const limit = pLimit(1);
  return async (query, visible) => {
    if (limit.pendingCount >= MAX_WAITING) return failed(503, "too many searches at once");
    try {
      return await limit(searchOnce, query, visible);
    } catch (error) {
      if (query.signal?.aborted !== true) throw error;
      return failed(503, "the client is gone");
    }
  };
}
