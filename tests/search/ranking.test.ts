/** The built-in search, held to one that takes its rules at their word and looks at everything. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Repository } from "../../lib/core/redirect-file/repository.ts";
import type { SearchQuery, Visible } from "../../lib/search/result.ts";
import { createSearch } from "../../lib/search/search.ts";
import { parseJson, repositoryOf } from "../core/redirect-file/samples.ts";
import { v1, v2 } from "../harness/redirect-files.ts";
import { catalogOf } from "./backends.ts";

const search = createSearch({ gsa: { url: undefined }, solr: { url: undefined } });

async function namesFound(query: SearchQuery, visible: Visible): Promise<readonly string[]> {
  const searched = await search(query, visible);
  if (!searched.ok) throw new Error(searched.failure.reason);
  return searched.results.map((result) => `${result.name} ${result.star_count} ${result.is_official}`);
}

const rankOf = (repository: Repository, word: string): number => {
  const components = repository.name.split("/");
  const words = (repository.about?.description ?? "").split(" ");
  const places = [
    repository.name === word,
    repository.name.endsWith(`/${word}`),
    components.some((_, at) => components.slice(at).join("/").startsWith(word)),
    repository.name.includes(word),
    words.some((each) => each.startsWith(word)),
  ];
  return places.indexOf(true);
};

/** One after the other, each with its rank: no index, no early end. Of a name on both APIs, v2 speaks first. */
function searchNaively(q: string, repositories: readonly Repository[]): readonly string[] {
  const words = q.split(" ").filter((word) => word !== "");
  const fitting = repositories
    .map((repository) => ({ repository, ranks: words.map((word) => rankOf(repository, word)) }))
    .filter(({ ranks }) => ranks.length > 0 && !ranks.includes(-1))
    .sort((a, b) => (a.repository.api < b.repository.api ? 1 : -1));
  return [...Map.groupBy(fitting, ({ repository }) => repository.name)]
    .map(([name, all]) => {
      const about = all.find(({ repository }) => repository.about !== undefined)?.repository.about;
      const rank = Math.min(...all.map(({ ranks }) => Math.max(...ranks)));
      const [stars, isOfficial] = [about?.starCount ?? 0, about?.isOfficial ?? false];
      return { text: `${name} ${stars} ${isOfficial}`, name, key: [rank, -stars, isOfficial ? 0 : 1] };
    })
    .sort((a, b) => {
      const at = a.key.findIndex((each, index) => each !== b.key[index]);
      return at === -1 ? (a.name < b.name ? -1 : 1) : (a.key[at] ?? 0) - (b.key[at] ?? 0);
    })
    .map(({ text }) => text);
}

// Of few letters, so that much is found in much.
const letters = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 });
const name = fc.array(letters, { minLength: 1, maxLength: 3 }).map((components) => components.join("/"));
const words = fc.array(letters, { maxLength: 3 }).map((all) => all.join(" "));
const fields = fc.record(
  {
    name,
    version: fc.constantFrom(1, 2),
    description: words,
    star_count: fc.nat({ max: 2 }),
    is_official: fc.boolean(),
    protected: fc.boolean(),
  },
  { requiredKeys: ["name", "version"] },
);
// A v1 name has at most one slash.
const file = fields.map(({ name, version, ...rest }) =>
  version === 1 && name.split("/").length < 3 ? v1(name, rest) : v2(name, rest),
);
const query = fc.array(fc.oneof(letters, name, fc.constantFrom("/", "/a", "b/")), { minLength: 1, maxLength: 2 });
const page = fc.option(fc.integer({ min: 1, max: 3 }), { freq: 2, nil: undefined });
const count = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined });

test("finds what the rules find, in their order, among what the client may see", async () => {
  const files = fc.uniqueArray(file, {
    maxLength: 40,
    size: "max",
    selector: (each) => `${each.version} ${each["repo-registry-id"]}`,
  });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(files, query, count, page, async (all, parts, n, page) => {
      const repositories = all.map((each) => repositoryOf(parseJson(each)));
      const maySee = (repository: Repository) => !repository.isProtected;
      const q = parts.join(" ");
      const names = await namesFound({ q, n, page }, { catalog: catalogOf(all), maySee });
      const [size, at] = [n ?? 25, (page ?? 1) - 1];
      const expected = searchNaively(q, repositories.filter(maySee));
      expect(names).toEqual(expected.slice(at * size, (at + 1) * size));
      found += names.length;
    }),
    { numRuns: 500 },
  );
  expect(found).toBeGreaterThan(500);
});

test("looks at a few words of a request that is full of them", async () => {
  const description = Array.from({ length: 2000 }, (_, at) => `w${at}`).join(" ");
  const catalog = catalogOf([v2("n", { description })]);
  const visible = { catalog, maySee: () => true };
  expect(await namesFound({ q: `${description} nowhere` }, visible)).toHaveLength(1);
  expect(await namesFound({ q: "w0 w1 w2 w3 w4 w5 w6 nowhere" }, visible)).toEqual([]);
  expect(await namesFound({ q: "w0 w0 w0 w0 w0 w0 w0 w0 w0 nowhere" }, visible)).toEqual([]);
});

test("gives up what nobody waits for any more, and refuses more than can wait", async () => {
  const catalog = catalogOf([v2("team/app")]);
  const visible = { catalog, maySee: () => true };
  const leaving = new AbortController();
  const abandoned = search({ q: "app", signal: leaving.signal }, visible);
  leaving.abort();
  const waiting = Array.from({ length: 300 }, () => search({ q: "app" }, visible));
  expect(await abandoned).toEqual({ ok: false, failure: { status: 503, reason: "the client is gone" } });
  const outcomes = await Promise.all(waiting);
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(256);
  expect(outcomes.at(-1)).toMatchObject({ failure: { status: 503, reason: "too many searches at once" } });
  expect(await namesFound({ q: "app" }, visible)).toHaveLength(1);
});

test("lets the event loop go on", async () => {
  const size = 20_000;
  const files = Array.from({ length: size }, (_, at) => v2(`team/a${at}`));
  const visible = { catalog: catalogOf(files), maySee: () => true };
  let looked = 0;
  const counting = { ...visible, maySee: () => ++looked > 0 };
  const searches = Promise.all(Array.from({ length: 5 }, () => search({ q: "a" }, counting)));
  let before = 0;
  let turns = 0;
  let isDone = false;
  void searches.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    if (looked > before) turns++;
    // A whole search would look at all of them in one turn.
    expect(looked - before).toBeLessThan(size);
    before = looked;
  }
  expect(turns).toBeGreaterThan(5);
  expect(looked).toBe(5 * size);
});
