import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Catalog,
  type Change,
  conflictsIn,
  EMPTY_CATALOG,
  imageOwner,
  servedFrom,
  v1Repository,
  v2Repository,
  withChanges,
} from "../../../lib/core/catalog/catalog.ts";
import type { Repository, V1Repository } from "../../../lib/core/redirect-file/repository.ts";
import { type ImageId, parseImageId } from "../../../lib/core/reference.ts";
import { hex, redirectFile } from "../../harness/redirect-files.ts";
import { parseJson, repositoryOf } from "../redirect-file/samples.ts";

const imageId = (digit: string): ImageId => {
  const id = parseImageId(hex(digit));
  if (id === undefined) throw new Error(`not a digit: ${digit}`);
  return id;
};

let serial = 0;

/** A file's content; each has a url of its own, which tells it from every other. */
const v1 = (name: string, ...images: readonly string[]): Repository => v1With({}, name, ...images);

const v1With = (fields: object, name: string, ...images: readonly string[]): Repository => {
  const common = { url: `http://h/${serial++}/`, images: images.map((digit) => ({ id: hex(digit) })), tags: {} };
  return repositoryOf(parseJson(redirectFile(1, name, { ...common, ...fields })));
};

const v2 = (name: string): Repository =>
  repositoryOf(parseJson(redirectFile(2, name, { url: `http://h/${serial++}/` })));

type Files = ReadonlyMap<string, Repository>;

const added = (files: Iterable<readonly [string, Repository]>): Change[] =>
  [...files].map(([path, after]) => ({ path, before: undefined, after }));

const catalogOf = (files: Iterable<readonly [string, Repository]>): Catalog => withChanges(EMPTY_CATALOG, added(files));

const DIGITS = ["a", "b", "c"];

/** Every repository with an image, in the order in which they are considered. */
function ownersOf(catalog: Catalog, id: ImageId): readonly V1Repository[] {
  const owners: V1Repository[] = [];
  imageOwner(catalog, id, (repository) => {
    owners.push(repository);
    return false;
  });
  return owners;
}

/** Everything that can be asked of a catalogue, asked of it. */
function askedOf(catalog: Catalog, names: readonly string[]) {
  return {
    names: { v1: catalog.v1.names, v2: catalog.v2.names },
    served: names.map((name) => [
      v1Repository(catalog, name)?.url,
      v2Repository(catalog, name)?.url,
      servedFrom(catalog, "v1", name),
      servedFrom(catalog, "v2", name),
    ]),
    images: DIGITS.map((digit) => ownersOf(catalog, imageId(digit)).map(({ url }) => url)),
    conflicts: conflictsIn(catalog),
  };
}

/** What the answers must be, told from the files alone. */
function expectedOf(files: Files, names: readonly string[]): ReturnType<typeof askedOf> {
  const byPath = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const claimsTo = (api: string, name: string) =>
    byPath.filter(([, repository]) => repository.api === api && repository.name === name);
  const first = (api: string, name: string) => claimsTo(api, name)[0];
  const namesOn = (api: string) =>
    [...new Set(byPath.filter(([, { api: of }]) => of === api).map(([, { name }]) => name))].sort();
  const conflictsOn = (api: string) =>
    namesOn(api).flatMap((name) => {
      const [serving, ...others] = claimsTo(api, name);
      return others.map(([path]) => ({ path, servedFrom: serving?.[0] ?? "", name }));
    });
  return {
    names: { v1: namesOn("v1"), v2: namesOn("v2") },
    served: names.map((name) => [
      first("v1", name)?.[1].url,
      first("v2", name)?.[1].url,
      first("v1", name)?.[0],
      first("v2", name)?.[0],
    ]),
    images: DIGITS.map((digit) =>
      namesOn("v1").flatMap((name) => {
        const [, repository] = first("v1", name) ?? [];
        const hasImage = repository?.api === "v1" && repository.images.some(({ id }) => id === imageId(digit));
        return hasImage ? [repository.url] : [];
      }),
    ),
    conflicts: [...conflictsOn("v1"), ...conflictsOn("v2")],
  };
}

describe("the first path by UTF-8 bytes has the name", () => {
  test.each([
    ["of two files", ["b.json", "a.json"], "a.json"],
    ["upper case before lower", ["a.json", "B.json"], "B.json"],
    ["a file before the files of a longer name", ["aa.json", "a.json"], "a.json"],
    ["a dot before a slash", ["a/b.json", "a.json"], "a.json"],
    ["a dash before both", ["a.json", "a/b.json", "a-b.json"], "a-b.json"],
    ["U+E000 before an emoji, whose code units are lower", ["\u{1f600}.json", "\ue000.json"], "\ue000.json"],
    ["U+FFFF before U+10000", ["\u{10000}.json", "\uffff.json"], "\uffff.json"],
  ])("%s", (_, paths, first) => {
    for (const order of [paths, paths.toReversed()]) {
      const catalog = catalogOf(order.map((path) => [path, v2("team/app")] as const));
      expect(servedFrom(catalog, "v2", "team/app")).toBe(first);
    }
  });
});

describe("a name", () => {
  test("on v1 and the same on v2 are two repositories, and no conflict", () => {
    const catalog = catalogOf([
      ["1.json", v1("team/app")],
      ["2.json", v2("team/app")],
    ]);
    expect(v1Repository(catalog, "team/app")?.version).toBe(1);
    expect(v2Repository(catalog, "team/app")?.version).toBe(2);
    expect(conflictsIn(catalog)).toEqual([]);
  });

  test("is passed on to the next file when the first goes", () => {
    const [a, b] = [v2("team/app"), v2("team/app")];
    const both = catalogOf([
      ["a.json", a],
      ["b.json", b],
    ]);
    expect<unknown>(conflictsIn(both)).toEqual([{ path: "b.json", servedFrom: "a.json", name: "team/app" }]);
    const later = withChanges(both, [{ path: "a.json", before: a, after: undefined }]);
    expect<unknown>(v2Repository(later, "team/app")).toBe(b);
    expect(conflictsIn(later)).toEqual([]);
  });

  test("moves when its file changes it, and to the other API when that changes", () => {
    const before = v2("old");
    const renamed = v2("new");
    const moved = v1("new", "a");
    const first = catalogOf([["x.json", before]]);
    const second = withChanges(first, [{ path: "x.json", before, after: renamed }]);
    const third = withChanges(second, [{ path: "x.json", before: renamed, after: moved }]);
    expect<readonly string[][]>([[...first.v2.names], [...second.v2.names], [...third.v2.names]]).toEqual([
      ["old"],
      ["new"],
      [],
    ]);
    expect<readonly string[]>(third.v1.names).toEqual(["new"]);
    expect(ownersOf(third, imageId("a"))).toHaveLength(1);
  });

  test.each(["__proto__", "constructor", "toString", ""])("%j is none unless a file says so", (name) => {
    expect(v1Repository(EMPTY_CATALOG, name)).toBeUndefined();
    expect(v2Repository(catalogOf([["a.json", v2("a")]]), name)).toBeUndefined();
    expect(servedFrom(EMPTY_CATALOG, "v2", name)).toBeUndefined();
  });

  test("may be constructor", () => {
    const catalog = catalogOf([["a.json", v2("constructor")]]);
    expect<string | undefined>(v2Repository(catalog, "constructor")?.name).toBe("constructor");
  });
});

describe("an image", () => {
  test("has its repositories in order of name, however the files come", () => {
    const files = [
      ["1.json", v1("c", "a")],
      ["2.json", v1("a", "a", "b")],
      ["3.json", v1("b", "a", "a")],
    ] as const;
    for (const order of [files, files.toReversed()]) {
      const owners = ownersOf(catalogOf(order), imageId("a"));
      expect<string[]>(owners.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    }
    const alone = ownersOf(catalogOf(files), imageId("b"));
    expect<string[]>(alone.map(({ name }) => name)).toEqual(["a"]);
    expect(ownersOf(catalogOf(files), imageId("c"))).toEqual([]);
  });

  test("has them in that order whether they are protected or not", () => {
    const catalog = catalogOf([
      ["1.json", v1("b", "a")],
      ["2.json", v1With({ protected: true }, "a", "a")],
    ]);
    expect<string[]>(ownersOf(catalog, imageId("a")).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("of thousands of repositories is found in each, whatever came and went", () => {
    const files = Array.from({ length: 3000 }, (_, n) => [`${n}.json`, v1(`n${(n * 7919) % 3000}`, "a")] as const);
    const catalog = catalogOf(files);
    const names = (of: Catalog): readonly string[] => ownersOf(of, imageId("a")).map(({ name }) => name);
    expect(names(catalog)).toEqual(files.map(([, { name }]) => name).sort());
    const gone = files.filter((_, n) => n % 3 !== 0).map(([path, before]) => ({ path, before, after: undefined }));
    const kept = files.filter((_, n) => n % 3 === 0).map(([, { name }]) => name);
    expect(names(withChanges(catalog, gone))).toEqual(kept.sort());
  });

  test("is not found in a file that another has passed over", () => {
    const catalog = catalogOf([
      ["a.json", v1("team/app", "a")],
      ["b.json", v1("team/app", "b")],
    ]);
    expect(ownersOf(catalog, imageId("a"))).toHaveLength(1);
    expect(ownersOf(catalog, imageId("b"))).toEqual([]);
  });
});

test("of thousands of files with one name the first serves, and the others are told of", () => {
  const files = Array.from({ length: 3000 }, (_, n) => [`${(n * 7919) % 3000}.json`, v2("n")] as const);
  const catalog = catalogOf(files);
  const paths = files.map(([path]) => path).sort();
  expect(conflictsIn(catalog).map(({ path }) => path)).toEqual(paths.slice(1));
  const removals = files.filter(([path]) => path < "2").map(([path, before]) => ({ path, before, after: undefined }));
  expect(servedFrom(withChanges(catalog, removals), "v2", "n")).toBe("2.json");
});

describe("a thousand names more than there are shards", () => {
  const files = Array.from({ length: 2100 }, (_, n) => [`${n}.json`, v2(`n${n}`)] as const);
  const catalog = catalogOf(files);

  test("are all found, in order", () => {
    const names: readonly string[] = catalog.v2.names;
    expect(names).toEqual(files.map((_, n) => `n${n}`).sort());
    for (const [, repository] of files) expect<unknown>(v2Repository(catalog, repository.name)).toBe(repository);
  });

  test("all go again", () => {
    const removals = files.map(([path, before]) => ({ path, before, after: undefined }));
    expect(withChanges(catalog, removals)).toEqual(EMPTY_CATALOG);
  });
});

describe("any changes, in any order and any batches", () => {
  const NAMES = ["a", "b", "team/app", "constructor"];
  const PATHS = ["a.json", "b.json", "B.json", "sub/a.json", "\ue000.json", "\u{1f600}.json"];
  const name = fc.constantFrom(...NAMES);
  const content = fc.oneof(
    fc.tuple(name, fc.array(fc.constantFrom(...DIGITS), { maxLength: 3 })).map(
      ([of, images]) =>
        () =>
          v1(of, ...images),
    ),
    name.map((of) => () => v2(of)),
    fc.constant(() => undefined),
  );
  const batches = fc.array(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...PATHS), content), { selector: ([path]) => path, maxLength: 4 }),
    { maxLength: 8 },
  );

  test("end in the catalogue of a fresh start, and leave every snapshot as it was", () => {
    fc.assert(
      fc.property(batches, fc.boolean(), (steps, reversed) => {
        const files = new Map<string, Repository>();
        const snapshots: { catalog: Catalog; answers: ReturnType<typeof askedOf> }[] = [];
        let catalog = EMPTY_CATALOG;
        for (const step of steps) {
          const changes = step.map(([path, make]) => ({ path, before: files.get(path), after: make() }));
          catalog = withChanges(catalog, changes);
          for (const { path, after } of changes) {
            if (after === undefined) files.delete(path);
            else files.set(path, after);
          }
          const answers = askedOf(catalog, NAMES);
          expect(answers).toEqual(expectedOf(files, NAMES));
          snapshots.push({ catalog, answers });
        }
        expect(catalog).toEqual(catalogOf(reversed ? [...files].toReversed() : files));
        for (const { catalog: old, answers } of snapshots) expect(askedOf(old, NAMES)).toEqual(answers);
      }),
      { numRuns: 500 },
    );
  });

  test("leave the empty catalogue empty", () => {
    expect(askedOf(EMPTY_CATALOG, NAMES)).toEqual(expectedOf(new Map(), NAMES));
  });
});
