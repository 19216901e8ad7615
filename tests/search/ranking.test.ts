/** The built-in search, held to one that takes its rules at their word and looks at everything. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EMPTY_CATALOG, withChanges } from "../../lib/core/catalog/catalog.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import type { Repository } from "../../lib/core/redirect-file/repository.ts";
import { searchLocally } from "../../lib/search/local.ts";

function repositoryOf(fields: object): Repository {
  const parsed = parseRedirectFile(new TextEncoder().encode(JSON.stringify(fields)));
  if (!parsed.ok) throw new Error("a file of the test is in error");
  return parsed.repository;
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

/** One after the other, each with its rank: no index, no early end. */
function searchNaively(q: string, repositories: readonly Repository[]): readonly string[] {
  const words = q.split(" ").filter((word) => word !== "");
  return repositories
    .map((repository) => ({ repository, ranks: words.map((word) => rankOf(repository, word)) }))
    .filter(({ ranks }) => ranks.length > 0 && !ranks.includes(-1))
    .map(({ repository: { name, about }, ranks }) => ({
      name: String(name),
      key: [Math.max(...ranks), -(about?.starCount ?? 0), about?.isOfficial === true ? 0 : 1],
    }))
    .sort((a, b) => {
      const at = a.key.findIndex((each, index) => each !== b.key[index]);
      return at === -1 ? (a.name < b.name ? -1 : 1) : (a.key[at] ?? 0) - (b.key[at] ?? 0);
    })
    .map(({ name }) => name);
}

// Of few letters, so that much is found in much.
const letters = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 });
const name = fc.array(letters, { minLength: 1, maxLength: 3 }).map((components) => components.join("/"));
const words = fc.array(letters, { maxLength: 3 }).map((all) => all.join(" "));
const file = fc.record(
  {
    "repo-registry-id": name,
    description: words,
    star_count: fc.nat({ max: 2 }),
    is_official: fc.boolean(),
    protected: fc.boolean(),
  },
  { requiredKeys: ["repo-registry-id"] },
);
const query = fc.array(fc.oneof(letters, name, fc.constantFrom("/", "/a", "b/")), { maxLength: 3 });

test("finds what the rules find, in their order, among what the client may see", () => {
  const files = fc.uniqueArray(file, { maxLength: 25, selector: (each) => each["repo-registry-id"] });
  let found = 0;
  fc.assert(
    fc.property(files, query, fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), (all, parts, n) => {
      const repositories = all.map((fields, at) =>
        repositoryOf({
          ...(at % 2 === 0 ? { version: 2 } : { version: 1, images: [], tags: {} }),
          repository: "x",
          url: "http://content.test/",
          ...fields,
        }),
      );
      const catalog = withChanges(
        EMPTY_CATALOG,
        repositories.map((after, at) => ({ path: `${at}.json`, before: undefined, after })),
      );
      const maySee = (repository: Repository) => !repository.isProtected;
      const q = parts.join(" ");
      const names = searchLocally({ q, n }, { catalog, maySee }).map((result) => result.name);
      expect(names).toEqual(searchNaively(q, repositories.filter(maySee)).slice(0, n));
      found += names.length;
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(500);
});

test("looks at a few words of a request that is full of them", () => {
  const about = { description: Array.from({ length: 5000 }, (_, at) => `w${at}`).join(" ") };
  const after = repositoryOf({ version: 2, repository: "x", "repo-registry-id": "n", url: "http://h/", ...about });
  const catalog = withChanges(EMPTY_CATALOG, [{ path: "n.json", before: undefined, after }]);
  const visible = { catalog, maySee: () => true };
  expect(searchLocally({ q: `${about.description} nowhere` }, visible)).toHaveLength(1);
  expect(searchLocally({ q: "w0 w1 w2 w3 w4 w5 w6 nowhere" }, visible)).toEqual([]);
  expect(searchLocally({ q: "w0 w0 w0 w0 w0 w0 w0 w0 w0 nowhere" }, visible)).toEqual([]);
});
