/** What is told of a move comes in two parts, and nobody may see what lies between. */
import { expect, test } from "bun:test";
import { mkdirSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { createScan, type Hints } from "../lib/store/scan.ts";
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

test("a look at everything knows at once", async () => {
  const { data, scan, paths } = await open();
  unlinkSync(join(data.path, "there/b.json"));
  renameSync(join(data.path, "there"), join(data.path, "here"));
  await scan.look(EVERYTHING);
  await scan.forgetMissing();
  expect([paths(), scan.missesAny()]).toEqual([["empty", "here"], false]);
  data.remove();
});
