/** However a directory came to be as it is, what is served is what a fresh start would serve. */
import { expect, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Catalog, conflictsIn, EMPTY_CATALOG, type Owner, withChanges } from "../../lib/core/catalog/catalog.ts";
import type { Shards } from "../../lib/core/catalog/shards.ts";
import { eachOf, type Sorted } from "../../lib/core/catalog/sorted.ts";
import type { Repository } from "../../lib/core/redirect-file/repository.ts";
import { createLog } from "../../lib/log.ts";
import { openStore, readDirectoryOnce, type Store } from "../../lib/store/store.ts";
import { hex, redirectFile } from "../harness/redirect-files.ts";

const DIRECTORIES = ["", "d", "e", "d/e", "d/e/f", "..h"];
const FILES = ["a.json", "b.json", "c.txt", "..i.json"];

const directory = fc.constantFrom(...DIRECTORIES);
const path = fc.tuple(directory, fc.constantFrom(...FILES)).map(([at, name]) => join(at, name));
const anything = fc.oneof(path, directory);
const content = fc
  .record({ name: fc.constantFrom("m", "n", "o"), mark: fc.nat(9), version: fc.constantFrom(1, 2) })
  .map(({ name, mark, version }) => {
    const fields = { url: `http://host/${mark}/`, images: [{ id: hex(String(mark)) }], tags: {} };
    return JSON.stringify(redirectFile(version, name, fields));
  });

/** Something that happens to a directory; what can't happen does not. */
type Step = readonly [what: string, (root: string) => void];

const written = fc.tuple(path, content).map(
  ([to, text]): Step => [
    `write ${to} ${text}`,
    (root) => {
      writeFileSync(join(root, "..tmp"), text);
      renameSync(join(root, "..tmp"), join(root, to));
    },
  ],
);
const edited = fc
  .tuple(path, content)
  .map(([to, text]): Step => [`edit ${to} ${text}`, (root) => writeFileSync(join(root, to), text)]);
const made = directory.map((at): Step => [`mkdir ${at}`, (root) => mkdirSync(join(root, at), { recursive: true })]);
const removed = anything
  .filter((at) => at !== "")
  .map((at): Step => [`rm ${at}`, (root) => rmSync(join(root, at), { recursive: true })]);
const renamed = fc
  .tuple(anything, anything)
  .map(([from, to]): Step => [`mv ${from} ${to}`, (root) => renameSync(join(root, from), join(root, to))]);
const linked = fc
  .tuple(anything, anything)
  .map(([to, at]): Step => [`ln -s ${to} ${at}`, (root) => symlinkSync(join(root, to), join(root, at))]);
const hardLinked = fc
  .tuple(path, path)
  .map(([to, at]): Step => [`ln ${to} ${at}`, (root) => linkSync(join(root, to), join(root, at))]);
const brokenStep = path.map((at): Step => [`break ${at}`, (root) => writeFileSync(join(root, at), "{")]);

const wholesome = fc.oneof(
  { weight: 4, arbitrary: written },
  { weight: 2, arbitrary: edited },
  { weight: 3, arbitrary: made },
  { weight: 2, arbitrary: removed },
  { weight: 3, arbitrary: renamed },
  { weight: 2, arbitrary: linked },
  hardLinked,
);

/** Steps as they are shown when a sequence of them fails. */
const sequence = (step: fc.Arbitrary<Step>) => fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 });

function take([, step]: Step, root: string): void {
  try {
    step(root);
  } catch {
    // What can't happen does not.
  }
}

const valuesOf = <Value>({ shards }: Shards<Value>): readonly Value[] => shards.flatMap((shard) => shard?.values ?? []);

/** Path → repository, passed over or not. */
function claims(catalog: Catalog): Map<string, Repository> {
  const indexed = [...valuesOf<Sorted<Owner>>(catalog.v1.byName), ...valuesOf<Sorted<Owner>>(catalog.v2.byName)];
  const all = indexed.flatMap((owners) => [...eachOf(owners)]);
  return new Map(all.map(({ path: at, repository }) => [at, repository]));
}

/** All that a catalogue says, in an order of its own. */
const said = (catalog: Catalog) => ({
  names: [catalog.v1.names, catalog.v2.names],
  claims: [...claims(catalog)].map(([at, { api, name, url }]) => `${at} ${api} ${name} ${url}`).sort(),
  images: [...valuesOf(catalog.images)]
    .map((owners) => JSON.stringify([...eachOf(owners)].map(({ url }) => url)))
    .sort(),
  conflicts: conflictsIn(catalog),
});

const silent = createLog({ format: "text", level: "error", write: () => {}, now: () => new Date() });

async function withStore(watch: boolean, use: (root: string, store: Store) => Promise<void>): Promise<void> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "craned-reload-")));
  const store = await openStore({ dataDir: root, pollingInterval: 3600, log: silent, watch });
  try {
    await use(root, store);
  } finally {
    store.close();
    rmSync(root, { recursive: true });
  }
}

const fresh = async (root: string) => said((await readDirectoryOnce(root)).catalog);

/** The file that a path leads to, by links of either kind, if it leads anywhere. */
function end(at: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(at, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return undefined;
  }
}

/** Removes links that lead nowhere, with which a directory serves its last good state; a fresh start has none. */
function removeDangling(directory: string, isKept: (path: string) => boolean = () => false): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const at = join(directory, entry.name);
    if (entry.isDirectory()) removeDangling(at, isKept);
    else if (entry.isSymbolicLink() && end(at) === undefined && !isKept(at)) unlinkSync(at);
  }
}

test("a sequence of changes ends as a fresh start, save that files in error serve what they said last", async () => {
  const steps = sequence(fc.oneof({ weight: 5, arbitrary: wholesome }, brokenStep));
  const check = (rounds: readonly (readonly Step[])[]) =>
    withStore(false, async (root, store) => {
      let expected = new Map<string, Repository>();
      let ends = new Map<string, string | undefined>();
      for (const round of rounds) {
        for (const step of round) take(step, root);
        // What was served below a link to a directory is not followed here.
        removeDangling(root, (at) => expected.has(at));
        await store.reload();
        const now = await readDirectoryOnce(root);
        const before = expected;
        expected = claims(now.catalog);
        for (const at of now.faults.keys()) {
          const where = end(at);
          const isSame = (other: string) => where !== undefined && [end(other), ends.get(other)].includes(where);
          const last = before.get(at) ?? [...before].find(([other]) => isSame(other))?.[1];
          if (last !== undefined) expected.set(at, last);
        }
        ends = new Map([...expected.keys()].map((at) => [at, end(at)]));
        const changes = [...expected].map(([at, after]) => ({ path: at, before: undefined, after }));
        expect(said(store.snapshot().catalog)).toEqual(said(withChanges(EMPTY_CATALOG, changes)));
        expect([...store.snapshot().faults.keys()].sort()).toEqual([...now.faults.keys()].sort());
        expect(store.snapshot().files).toBe(now.files);
      }
    });
  await fc.assert(fc.asyncProperty(steps, check), { numRuns: 150 });
}, 120_000);

test("changes made while a look is under way are found by the next", async () => {
  const check = (rounds: readonly (readonly Step[])[]) =>
    withStore(false, async (root, store) => {
      const looks: Promise<void>[] = [];
      for (const round of rounds) {
        looks.push(store.reload());
        for (const step of round) {
          take(step, root);
          await new Promise(setImmediate);
        }
      }
      removeDangling(root);
      await Promise.all([...looks, store.reload()]);
      expect(said(store.snapshot().catalog)).toEqual(await fresh(root));
    });
  await fc.assert(fc.asyncProperty(sequence(wholesome), check), { numRuns: 100 });
}, 120_000);

test("changes that the file system tells of end as a fresh start, with nobody asking", async () => {
  const check = (rounds: readonly (readonly Step[])[]) =>
    withStore(true, async (root, store) => {
      for (const round of rounds) {
        for (const step of round) take(step, root);
        await new Promise(setImmediate);
      }
      removeDangling(root);
      const expected = await fresh(root);
      const isThere = () => Bun.deepEquals(said(store.snapshot().catalog), expected);
      for (const deadline = Date.now() + 4000; !isThere() && Date.now() < deadline; ) await Bun.sleep(5);
      expect(said(store.snapshot().catalog)).toEqual(expected);
    });
  await fc.assert(fc.asyncProperty(sequence(wholesome), check), { numRuns: 50 });
}, 120_000);
