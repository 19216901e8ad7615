import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createManifestPool } from "../../../lib/core/redirect-file/manifest-pool.ts";
import type { WholeRepository } from "../../../lib/core/redirect-file/repository.ts";
import { digestsIn, storedAt } from "../../../lib/core/redirect-file/whole-table.ts";
import { descriptorOf, digest, OCI, v6 } from "../../harness/redirect-files.ts";
import { wholeFile } from "../whole-files.ts";
import { parseJson, parseText, repositoryOf } from "./samples.ts";

function whole(parsed: ReturnType<typeof parseJson>): WholeRepository {
  const repository = repositoryOf(parsed);
  if (repository.version !== 6) throw new Error("not a version 6 file");
  return repository;
}

const manifest = (content: unknown) => descriptorOf(OCI, { schemaVersion: 2, content });

const fileWith = (manifests: readonly ReturnType<typeof descriptorOf>[]) =>
  whole(parseJson(v6("team/app", { manifests, tags: {} })));

function memoryOf(repository: WholeRepository): ReadonlySet<unknown> {
  const stored = Array.from({ length: repository.manifestCount }, (_, index) => storedAt(repository, index));
  return new Set(stored.map(({ bytes }) => bytes?.buffer));
}

test("equal manifests of several repositories are in memory once", () => {
  const pool = createManifestPool();
  const [a, b, c] = ["a", "b", "c"].map(manifest);
  if (a === undefined || b === undefined || c === undefined) throw new Error("no manifests");
  const first = memoryOf(pool.share(fileWith([a, b])));
  expect(memoryOf(pool.share(fileWith([b, a])))).toEqual(first);
  const overlapping = memoryOf(pool.share(fileWith([a, c])));
  expect(overlapping.size).toBe(2);
  expect([...overlapping].filter((memory) => first.has(memory))).toHaveLength(1);
});

test("sharing changes nothing of what any file says", () => {
  const pool = createManifestPool();
  fc.assert(
    fc.property(wholeFile, (json) => {
      const repository = whole(parseText(json));
      const shared = pool.share(repository);
      const all = (of: WholeRepository) =>
        Array.from({ length: of.manifestCount + of.configCount }, (_, index) => storedAt(of, index));
      expect(all(shared)).toEqual(all(repository));
      expect(shared).toMatchObject({ tags: repository.tags, digests: repository.digests });
    }),
    { numRuns: 500 },
  );
});

/** Once all that is unused is gone. */
function heapSize(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}

test("manifests that no repository has any more leave memory", async () => {
  const pool = createManifestPool();
  const reload = async (from: number) => {
    for (let n = from; n < from + 20; n++) {
      pool.share(fileWith(Array.from({ length: 100 }, (_, at) => manifest(`${n} ${at} ${"x".repeat(1000)}`))));
      // A weak reference keeps its target until the end of the job that looked at it.
      await Bun.sleep(0);
    }
  };
  await reload(0);
  const before = heapSize();
  for (let round = 1; round <= 5; round++) await reload(round * 20);
  // 10,000 manifests of more than a kilobyte came and went.
  expect(heapSize() - before).toBeLessThan(3_000_000);
});

test.each([
  [100, 50],
  [3000, 1],
])(
  "in %d files of %d tags, a manifest, a tag and a blob cost at most 64 bytes beyond names and bytes",
  (files, count) => {
    const pool = createManifestPool();
    const layer = (n: number) => ({ digest: `sha256:${n.toString(16).padStart(64, "0")}`, size: n });
    const textOf = (file: number) => {
      const manifests = Array.from({ length: count }, (__, at) =>
        descriptorOf(OCI, {
          config: layer((file * count + at) * 4),
          layers: [1, 2, 3].map((each) => layer((file * count + at) * 4 + each)),
          subject: { digest: digest("a") },
        }),
      );
      const tags = Object.fromEntries(manifests.map((each, at) => [`v${at}`, each.digest]));
      return JSON.stringify(v6("team/app", { manifests, tags }));
    };
    const share = (from: number) =>
      Array.from({ length: files }, (_, file) => pool.share(whole(parseText(textOf(from + file)))));
    const all: ReturnType<typeof share>[] = [];
    const measure = (from: number): number => {
      const before = heapSize();
      const repositories = share(from);
      all.push(repositories);
      const cost = heapSize() - before;
      const bytes = repositories
        .flatMap(({ chunks }) => (chunks instanceof Uint8Array ? [chunks] : chunks))
        .reduce((sum, { length }) => sum + length, 0);
      const names = repositories.map((each) => structuredClone([...each.tags, ...digestsIn(each)]));
      const costOfNames = heapSize() - before - cost - names.flat().length * 8;
      const items = repositories.reduce((sum, each) => sum + each.tags.length + each.manifestCount + each.blobCount, 0);
      expect(items).toBe(files * count * 6);
      return (cost - bytes - costOfNames) / items;
    };
    // The first time the engine gets to know the shapes and the code; what it leaves on its stack looks alive to it.
    const [, ...costs] = [0, 1, 2, 3].map((time) => measure(time * files));
    expect(all.flat()).toHaveLength(4 * files);
    expect(Math.min(...costs)).toBeLessThan(64);
  },
);
