/** What tells one file from another. */
import { expect, test } from "bun:test";
import { statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lookAt } from "../lib/store/sight.ts";
import { scratch } from "./harness/craned.ts";

async function identityOf(path: string): Promise<string> {
  const sight = await lookAt(path);
  if (sight.kind !== "file") throw new Error(`expected a file, found ${sight.kind}`);
  return sight.facts.identity;
}

test("a file that is given the inode of one that was removed is another file", async () => {
  const data = scratch({ "a.json": "a" });
  const path = join(data.path, "a.json");
  const { ino } = statSync(path);
  const first = await identityOf(path);
  // Most file systems give a number away again at once.
  for (let tries = 0; tries < 100; tries++) {
    unlinkSync(path);
    writeFileSync(path, "b");
    if (statSync(path).ino === ino) break;
  }
  expect(await identityOf(path)).not.toBe(first);
  data.remove();
});

test("an edit in place leaves a file the one that it was", async () => {
  const data = scratch({ "a.json": "a" });
  const path = join(data.path, "a.json");
  const before = await identityOf(path);
  writeFileSync(path, "b, edited in place");
  expect(await identityOf(path)).toBe(before);
  data.remove();
});
