/** Moves and removals: the events of a move may come apart, and no snapshot may lack what was moved. */
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { v2Repository } from "../../lib/core/catalog/catalog.ts";
import { createLog } from "../../lib/log.ts";
import type { Snapshot } from "../../lib/store/snapshots.ts";
import { openStore, type Store } from "../../lib/store/store.ts";
import { scratch } from "../harness/craned.ts";
import { v2 } from "../harness/redirect-files.ts";

const silent = createLog({ format: "text", level: "error", write: () => {}, now: () => new Date() });

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

/** Opens a directory that has `there/a.json`. */
async function open(watch: boolean): Promise<{ path: string; store: Store; snapshots: Snapshot[] }> {
  const data = scratch({ "there/a.json": v2("a") });
  mkdirSync(join(data.path, "elsewhere"));
  const snapshots: Snapshot[] = [];
  const onChange = (snapshot: Snapshot) => void snapshots.push(snapshot);
  const store = await openStore({ dataDir: data.path, pollingInterval: 3600, log: silent, watch, onChange });
  cleanUps.push(data.remove, store.close);
  return { path: data.path, store, snapshots };
}

const MOVES = [
  ["a file", "there/a.json", "elsewhere/a.json"],
  ["a file that is renamed", "there/a.json", "there/b.json"],
  ["a directory", "there", "here"],
  ["a directory, further down", "there", "elsewhere/there"],
] as const;

test.each(MOVES)("no snapshot lacks %s that is moved to and fro", async (_, from, to) => {
  const { path, store, snapshots } = await open(true);
  for (let count = 0; count < 10; count++) {
    const [source, target] = count % 2 === 0 ? [from, to] : [to, from];
    const before = snapshots.length;
    renameSync(join(path, source), join(path, target));
    const deadline = performance.now() + 4000;
    while (snapshots.length === before && performance.now() < deadline) await Bun.sleep(5);
    expect(snapshots.length).toBeGreaterThan(before);
  }
  expect(snapshots.filter(({ catalog }) => v2Repository(catalog, "a") === undefined)).toEqual([]);
  expect(store.snapshot().files).toBe(1);
});

test("a reload ends when removed directories are known to be removed", async () => {
  const { path, store } = await open(false);
  rmSync(join(path, "there"), { recursive: true });
  await store.reload();
  expect(store.snapshot().files).toBe(0);
});

test("a directory that is back when it is looked for again was never removed", async () => {
  const { path, store, snapshots } = await open(false);
  renameSync(join(path, "there"), join(path, "..away"));
  const reloading = store.reload();
  await Bun.sleep(20);
  renameSync(join(path, "..away"), join(path, "there"));
  await reloading;
  expect([store.snapshot().files, snapshots.length]).toEqual([1, 1]);
});

test("a directory that is removed and made again at once is followed", async () => {
  const { path, store } = await open(true);
  const url = () => v2Repository(store.snapshot().catalog, "a")?.url;
  for (let count = 0; count < 20; count++) {
    rmSync(join(path, "there"), { recursive: true });
    mkdirSync(join(path, "there"));
    const expected = `http://cdn.test/${count}/`;
    writeFileSync(join(path, "there", "a.json"), JSON.stringify({ ...v2("a"), url: expected }));
    for (const deadline = performance.now() + 4000; url() !== expected && performance.now() < deadline; )
      await Bun.sleep(1);
    expect(url()).toBe(expected);
  }
});
