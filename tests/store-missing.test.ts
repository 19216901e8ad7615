/** What is told of a move comes in two parts, and nobody may see what lies between. */
import { expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../lib/log.ts";
import { createScan, type Hints } from "../lib/store/scan.ts";
import { openStore } from "../lib/store/store.ts";
import { createTree } from "../lib/store/tree.ts";
import { scratch } from "./harness/craned.ts";

const EVERYTHING: Hints = { everything: true, names: new Map(), links: false };

async function open() {
  const data = scratch({ "there/b.json": "b" });
  mkdirSync(join(data.path, "empty"));
  const tree = createTree(data.path);
  const scan = createScan(tree, () => {});
  await scan.look(EVERYTHING);
  const look = async (...names: readonly string[]) => {
    await scan.look({ everything: false, names: new Map([[data.path, new Set(names)]]), links: false });
    await scan.forgetMissing();
  };
  const paths = () => [...(tree.root?.entries.keys() ?? [])].sort();
  return { data, scan, look, paths };
}

test("a directory that is gone stays for as long as it may only have been moved", async () => {
  const { data, scan, look, paths } = await open();
  renameSync(join(data.path, "there"), join(data.path, "here"));
  await look("there");
  expect([paths(), scan.missesAny()]).toEqual([["empty", "there"], true]);
  await look("here");
  expect(paths()).toEqual(["empty", "here", "there"]);
  while (scan.missesAny()) await scan.forgetMissing();
  expect(paths()).toEqual(["empty", "here"]);
  data.remove();
});

test("what is back by then was never gone", async () => {
  const { data, scan, look, paths } = await open();
  renameSync(join(data.path, "there"), join(data.path, "away"));
  await look("there");
  renameSync(join(data.path, "away"), join(data.path, "there"));
  while (scan.missesAny()) await scan.forgetMissing();
  expect(paths()).toEqual(["empty", "there"]);
  data.remove();
});

test("what is back is not remembered as gone, so that it stays as long the next time", async () => {
  const { data, scan, look } = await open();
  renameSync(join(data.path, "there"), join(data.path, "away"));
  await look("there");
  expect(scan.missesAny()).toBeTrue();
  renameSync(join(data.path, "away"), join(data.path, "there"));
  await look("there");
  expect(scan.missesAny()).toBeFalse();
  data.remove();
});

test("a look at everything knows of a file at once, and of a directory when it can't have been moved", async () => {
  const { data, scan, paths } = await open();
  data.write("file.json", "a");
  await scan.look(EVERYTHING);
  unlinkSync(join(data.path, "file.json"));
  renameSync(join(data.path, "there"), join(data.path, "here"));
  await scan.look(EVERYTHING);
  await scan.forgetMissing();
  expect([paths(), scan.missesAny()]).toEqual([["empty", "here", "there"], true]);
  while (scan.missesAny()) await scan.forgetMissing();
  expect(paths()).toEqual(["empty", "here"]);
  data.remove();
});

test("a reload ends when directories that are gone are known to be", async () => {
  const file = { version: 2, repository: "a", "repo-registry-id": "a", url: "http://cdn.test/a/" };
  const data = scratch({ "gone/a.json": file });
  const log = createLog({ format: "text", level: "error", write: () => {}, now: () => new Date() });
  const store = await openStore({ dataDir: data.path, pollingInterval: 3600, log, watch: false });
  expect(store.snapshot().files).toBe(1);
  rmSync(join(data.path, "gone"), { recursive: true });
  await store.reload();
  expect(store.snapshot().files).toBe(0);
  store.close();
  data.remove();
});
