/** A file system may give the inode of a removed file to the next one. */
import { expect, test } from "bun:test";
import { linkSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { statAt } from "../../lib/store/directory/stat.ts";
import { scratch } from "../harness/craned.ts";

async function identityOf(path: string): Promise<string> {
  const stat = await statAt(path);
  if (stat.kind !== "file") throw new Error(`expected a file, found ${stat.kind}`);
  return stat.identity;
}

test("a file with the inode of one that was removed is another file", async () => {
  const data = scratch({ "a.json": "a" });
  const path = join(data.path, "a.json");
  const { ino } = statSync(path);
  const first = await identityOf(path);
  for (let tries = 0; tries < 100; tries++) {
    unlinkSync(path);
    writeFileSync(path, "b");
    if (statSync(path).ino === ino) break;
  }
  expect(await identityOf(path)).not.toBe(first);
  data.remove();
});

test("a file that is edited in place, or has another name, is the same file", async () => {
  const data = scratch({ "a.json": "a" });
  const path = join(data.path, "a.json");
  const before = await identityOf(path);
  writeFileSync(path, "b, edited in place");
  linkSync(path, join(data.path, "b.json"));
  expect([await identityOf(path), await identityOf(join(data.path, "b.json"))]).toEqual([before, before]);
  data.remove();
});
