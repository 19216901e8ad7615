import { afterEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { servedFrom, v1Repository, v2Repository } from "../../lib/core/catalog/catalog.ts";
import { createLog } from "../../lib/log.ts";
import type { Snapshot } from "../../lib/store/snapshots.ts";
import { openStore, readDirectoryOnce, type Store } from "../../lib/store/store.ts";
import { v1, v2 } from "../harness/redirect-files.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

function makeDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "craned-store-")));
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A version 2 file; the mark, of one letter, is in its url. */
const file = (name: string, mark = "0"): string => JSON.stringify(v2(name, { url: `http://host/${mark}/` }));

/** Writes files in the place of whatever there is, in one step each. */
function put(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.tmp`, content);
    renameSync(`${target}.tmp`, target);
  }
}

/** Name → the mark and the path below the directory that it is served from. */
function served(directory: string, { catalog }: Snapshot): Record<string, string> {
  const entries = [...catalog.v2.names].map((name) => {
    const mark = v2Repository(catalog, name)?.url.slice("http://host/".length, -1);
    return [name, `${mark} ${servedFrom(catalog, "v2", name)?.slice(directory.length + 1)}`] as const;
  });
  return Object.fromEntries(entries);
}

const faultsOf = (directory: string, { faults }: Snapshot): Record<string, string> =>
  Object.fromEntries(
    [...faults].map(
      ([
        path,
        {
          faults: [first],
          servesLastGood,
        },
      ]) => [
        path.slice(directory.length + 1),
        `${first.field} ${first.expected}${servesLastGood ? ", last good served" : ""}`.trim(),
      ],
    ),
  );

interface Opened {
  readonly store: Store;
  readonly lines: string[];
  readonly snapshots: Snapshot[];
}

interface OpenOptions {
  readonly watch?: boolean;
  readonly pollingInterval?: number;
  readonly signal?: AbortSignal;
}

async function open(dataDir: string, options: OpenOptions = {}): Promise<Opened> {
  const lines: string[] = [];
  const snapshots: Snapshot[] = [];
  const write = (line: string) => void lines.push(line.trim().replace(/^\S+ /, ""));
  const log = createLog({ format: "text", level: "info", write, now: () => new Date(0) });
  const onChange = (snapshot: Snapshot) => void snapshots.push(snapshot);
  const store = await openStore({ dataDir, pollingInterval: 3600, log, onChange, ...options });
  cleanUps.push(store.close);
  return { store, lines, snapshots };
}

/** Waits until a condition holds, and says what is there instead when it never does. */
async function until<Value>(read: () => Value | Promise<Value>, expected: Value): Promise<void> {
  const deadline = performance.now() + 4000;
  let value = await read();
  for (; !Bun.deepEquals(value, expected) && performance.now() < deadline; value = await read()) await Bun.sleep(5);
  expect<unknown>(value).toEqual(expected);
}

/** What is in a directory, read once. */
async function once(directory: string): Promise<Record<string, string>> {
  return served(directory, await readDirectoryOnce(directory));
}

describe("a directory that is read once", () => {
  test("every *.json is read, in all subdirectories, and nothing else", async () => {
    const dir = makeDirectory();
    put(dir, { "a.json": file("a"), "s/t/b.json": file("b"), ".c.json": file("c"), "d.txt": "no", "e.json.bak": "no" });
    mkdirSync(join(dir, "directory.json"));
    put(dir, { "directory.json/f.json": file("f") });
    expect(await once(dir)).toEqual({
      a: "0 a.json",
      b: "0 s/t/b.json",
      c: "0 .c.json",
      f: "0 directory.json/f.json",
    });
  });

  test("v1 and v2 files are told apart", async () => {
    const dir = makeDirectory();
    put(dir, { "v1.json": JSON.stringify(v1("a")), "v2.json": file("a") });
    const { catalog, files } = await readDirectoryOnce(dir);
    expect([v1Repository(catalog, "a")?.version, v2Repository(catalog, "a")?.version, files]).toEqual([1, 2, 2]);
  });

  test("links to files and directories are followed", async () => {
    const dir = makeDirectory();
    const other = makeDirectory();
    put(other, { "x/a.json": file("a"), "b.data": file("b") });
    symlinkSync(join(other, "x"), join(dir, "linked"));
    symlinkSync(join(other, "b.data"), join(dir, "b.json"));
    expect(await once(dir)).toEqual({ a: "0 linked/a.json", b: "0 b.json" });
  });

  test("loops end", async () => {
    const dir = makeDirectory();
    put(dir, { "s/a.json": file("a") });
    symlinkSync(dir, join(dir, "s", "root"));
    symlinkSync(".", join(dir, "s", "again"));
    symlinkSync("b", join(dir, "c"));
    symlinkSync("c", join(dir, "b"));
    expect(await once(dir)).toEqual({ a: "0 s/a.json" });
  });

  test("many directories that all link to each other are each read once", async () => {
    const dir = makeDirectory();
    const names = Array.from({ length: 24 }, (_, at) => `d${at}`);
    for (const name of names) {
      put(dir, { [`${name}/${name}.json`]: file(name) });
      for (const other of names) symlinkSync(join("..", other), join(dir, name, `to-${other}`));
    }
    expect(Object.keys(await once(dir)).length).toBe(24);
  });

  test.each([
    ["a link", (dir: string) => symlinkSync("a.json", join(dir, "0.json")), "0 0.json"],
    ["a hard link", (dir: string) => linkSync(join(dir, "a.json"), join(dir, "b.json")), "0 a.json"],
    ["a linked directory", (dir: string) => symlinkSync("s", join(dir, "0")), "0 0/s.json"],
    // In UTF-8 the slash of "s/" counts against the space of "s ".
    ["a linked directory whose name goes on", (dir: string) => symlinkSync("s", join(dir, "s ")), "0 s /s.json"],
  ])("a file reached by %s too is one file under the first path", async (_, link, expected) => {
    const dir = makeDirectory();
    if (expected.endsWith("s.json")) put(dir, { "s/s.json": file("n") });
    else put(dir, { "a.json": file("n") });
    link(dir);
    const { store, lines } = await open(dir);
    expect(served(dir, store.snapshot())).toEqual({ n: expected });
    expect([store.snapshot().files, lines.length]).toEqual([1, 1]);
  });

  test("of two files with one name the first path by UTF-8 bytes serves, and the other is reported", async () => {
    const dir = makeDirectory();
    // By UTF-16 code units the second would come first.
    put(dir, {
      "\uffee.json": file("n", "1"),
      "\u{1f600}.json": file("n", "2"),
      "a/z.json": file("m"),
      "b.json": file("m"),
    });
    const { store, lines } = await open(dir);
    expect(served(dir, store.snapshot())).toEqual({ m: "0 a/z.json", n: "1 \uffee.json" });
    expect(lines.slice(1)).toEqual([
      `warn  ${dir}/b.json: m is served from ${dir}/a/z.json, which claims the same name and comes first`,
      `warn  ${dir}/\u{1f600}.json: n is served from ${dir}/\uffee.json, which claims the same name and comes first`,
    ]);
  });

  test("directories whose names begin with .. are not walked into, but links through them are", async () => {
    const dir = makeDirectory();
    put(dir, { "..2026_1/a.json": file("a"), "..2026_1/b.json": file("b"), "..b.json": file("c") });
    symlinkSync("..2026_1", join(dir, "..data"));
    symlinkSync("..data/a.json", join(dir, "a.json"));
    expect(await once(dir)).toEqual({ a: "0 a.json", c: "0 ..b.json" });
  });

  test("what can't be read is reported, and the rest is read", async () => {
    const dir = makeDirectory();
    put(dir, { "a.json": file("a"), "bad.json": "{", "field.json": JSON.stringify({ version: 2, url: 1 }) });
    symlinkSync("nowhere", join(dir, "dangling.json"));
    symlinkSync("loop.json", join(dir, "loop.json"));
    symlinkSync("/dev/zero", join(dir, "device.json"));
    Bun.spawnSync(["mkfifo", join(dir, "pipe.json"), join(dir, "pipe")]);
    const snapshot = await readDirectoryOnce(dir);
    expect(served(dir, snapshot)).toEqual({ a: "0 a.json" });
    expect(faultsOf(dir, snapshot)).toEqual({
      "bad.json": "a JSON object in UTF-8",
      "field.json": expect.stringContaining(" "),
      "dangling.json": "a link to a file",
      "loop.json": "a link to a file",
      "device.json": "a file",
      "pipe.json": "a file",
    });
    expect(snapshot.files).toBe(1);
  });

  test("a directory that isn't there is a fault, and no load", async () => {
    const dir = join(makeDirectory(), "missing");
    const snapshot = await readDirectoryOnce(dir);
    expect([snapshot.faults.get(dir)?.faults[0].expected, snapshot.loadedAt]).toEqual([
      "a readable directory",
      undefined,
    ]);
  });
});

/** Each is done to a directory that has `a.json`, and `s/b.json`, and must be seen. */
const CHANGES: readonly (readonly [string, (dir: string) => void, Record<string, string>])[] = [
  ["a new file", (dir) => put(dir, { "c.json": file("c") }), { a: "0 a.json", b: "0 s/b.json", c: "0 c.json" }],
  ["an atomic rename over a file", (dir) => put(dir, { "a.json": file("a", "1") }), { a: "1 a.json", b: "0 s/b.json" }],
  [
    "an edit in place, of the same size",
    (dir) => writeFileSync(join(dir, "a.json"), file("a", "1")),
    { a: "1 a.json", b: "0 s/b.json" },
  ],
  [
    "an edit in place, of the same size and the same time",
    (dir) => {
      const { atime, mtime } = statSync(join(dir, "a.json"));
      writeFileSync(join(dir, "a.json"), file("a", "1"));
      utimesSync(join(dir, "a.json"), atime, mtime);
    },
    { a: "1 a.json", b: "0 s/b.json" },
  ],
  ["a deletion", (dir) => unlinkSync(join(dir, "a.json")), { b: "0 s/b.json" }],
  [
    "a file that is renamed",
    (dir) => renameSync(join(dir, "a.json"), join(dir, "s", "0.json")),
    { a: "0 s/0.json", b: "0 s/b.json" },
  ],
  [
    "a file whose name is no longer *.json",
    (dir) => renameSync(join(dir, "a.json"), join(dir, "a")),
    { b: "0 s/b.json" },
  ],
  [
    "a directory that is renamed",
    (dir) => renameSync(join(dir, "s"), join(dir, "t")),
    { a: "0 a.json", b: "0 t/b.json" },
  ],
  [
    "a directory that is swapped for another",
    (dir) => {
      put(dir, { "..new/b.json": file("b", "1") });
      renameSync(join(dir, "s"), join(dir, "..old"));
      renameSync(join(dir, "..new"), join(dir, "s"));
    },
    { a: "0 a.json", b: "1 s/b.json" },
  ],
  ["a directory that is removed", (dir) => rmSync(join(dir, "s"), { recursive: true }), { a: "0 a.json" }],
  [
    "new directories, with a file at once",
    (dir) => put(dir, { "n/e/w/c.json": file("c") }),
    { a: "0 a.json", b: "0 s/b.json", c: "0 n/e/w/c.json" },
  ],
  [
    "a directory that is moved in, full",
    (dir) => {
      const other = makeDirectory();
      put(other, { "x/y/c.json": file("c") });
      renameSync(join(other, "x"), join(dir, "x"));
    },
    { a: "0 a.json", b: "0 s/b.json", c: "0 x/y/c.json" },
  ],
  [
    "a file that comes first for a name",
    (dir) => put(dir, { "0.json": file("a", "1") }),
    { a: "1 0.json", b: "0 s/b.json" },
  ],
  ["a link that comes first", (dir) => symlinkSync("a.json", join(dir, "0.json")), { a: "0 0.json", b: "0 s/b.json" }],
  [
    "a file in the place of a directory",
    (dir) => {
      rmSync(join(dir, "s"), { recursive: true });
      put(dir, { s: "a file" });
    },
    { a: "0 a.json" },
  ],
  [
    "an emptied data directory",
    (dir) => {
      rmSync(join(dir, "s"), { recursive: true });
      unlinkSync(join(dir, "a.json"));
    },
    {},
  ],
];

async function openWithTwo(options: { watch?: boolean } = {}): Promise<Opened & { dir: string }> {
  const dir = makeDirectory();
  put(dir, { "a.json": file("a"), "s/b.json": file("b") });
  return { dir, ...(await open(dir, options)) };
}

describe("a change is seen where the file system tells", () => {
  test.each(CHANGES)("%s", async (_, change, expected) => {
    const { dir, store } = await openWithTwo();
    change(dir);
    await until(() => served(dir, store.snapshot()), expected);
  });

  test("what follows in a directory that was moved, removed and made again is seen too", async () => {
    const { dir, store } = await openWithTwo();
    renameSync(join(dir, "s"), join(dir, "t"));
    await until(() => served(dir, store.snapshot()), { a: "0 a.json", b: "0 t/b.json" });
    put(dir, { "s/b.json": file("b", "1") });
    await until(() => served(dir, store.snapshot()), { a: "0 a.json", b: "1 s/b.json" });
    put(dir, { "s/b.json": file("b", "2") });
    await until(() => served(dir, store.snapshot()), { a: "0 a.json", b: "2 s/b.json" });
    rmSync(join(dir, "s"), { recursive: true });
    mkdirSync(join(dir, "s"));
    await until(() => served(dir, store.snapshot()), { a: "0 a.json", b: "0 t/b.json" });
    put(dir, { "s/b.json": file("b", "3"), "t/c.json": file("c") });
    await until(() => served(dir, store.snapshot()), { a: "0 a.json", b: "3 s/b.json", c: "0 t/c.json" });
  });

  test("a constant stream of changes holds none of them back", async () => {
    const { dir, store } = await openWithTwo();
    let isSeen = false;
    put(dir, { "c.json": file("c") });
    for (let count = 0; !isSeen && count < 5000; count++) {
      put(dir, { "s/b.json": file("b", String(count % 10)) });
      await Bun.sleep(1);
      isSeen = v2Repository(store.snapshot().catalog, "c") !== undefined;
    }
    expect(isSeen).toBe(true);
  });
});

describe("a change is found by looking, where the file system does not tell", () => {
  test.each(CHANGES)("%s", async (_, change, expected) => {
    const { dir, store } = await openWithTwo({ watch: false });
    change(dir);
    await store.reload();
    expect(served(dir, store.snapshot())).toEqual(expected);
  });

  test("edits of the same size within one tick of the clock", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    for (let count = 0; count < 100; count++) {
      const mark = String(count % 10);
      writeFileSync(join(dir, "a.json"), file("a", mark));
      await store.reload();
      expect(served(dir, store.snapshot())["a"]).toBe(`${mark} a.json`);
    }
  });

  test("within the polling interval", async () => {
    const dir = makeDirectory();
    const { store } = await open(dir, { watch: false, pollingInterval: 0.05 });
    for (const mark of ["1", "2", "3"]) {
      put(dir, { "a.json": file("a", mark) });
      await until(() => served(dir, store.snapshot()), { a: `${mark} a.json` });
    }
  });

  test("not at all before somebody looks, nor after the end", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    put(dir, { "a.json": file("a", "1") });
    await Bun.sleep(1);
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    store.close();
    await store.reload();
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
  });

  test("a reload asked for during another sees what was there when it was asked for", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    const first = store.reload();
    put(dir, { "a.json": file("a", "1") });
    await Promise.all([store.reload(), store.reload()]);
    expect(served(dir, store.snapshot())).toEqual({ a: "1 a.json", b: "0 s/b.json" });
    await first;
  });
});

describe("a file in error", () => {
  test("leaves its last good content serving, until it is good again", async () => {
    const { dir, store, lines } = await openWithTwo();
    writeFileSync(join(dir, "a.json"), file("a", "1").slice(0, -5));
    await until(() => faultsOf(dir, store.snapshot()), { "a.json": "a JSON object in UTF-8, last good served" });
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    expect(store.snapshot().files).toBe(1);
    put(dir, { "a.json": JSON.stringify({ ...JSON.parse(file("a")), url: "ftp://host/" }) });
    await until(() => store.snapshot().faults.get(join(dir, "a.json"))?.faults[0].field, "url");
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    put(dir, { "a.json": file("a", "2") });
    await until(() => served(dir, store.snapshot()), { a: "2 a.json", b: "0 s/b.json" });
    expect([store.snapshot().faults.size, store.snapshot().files]).toEqual([0, 2]);
    expect(lines.slice(1)).toEqual([
      "info  redirect files changed broken=1 files=1 inError=1",
      `warn  ${dir}/a.json: expected a JSON object in UTF-8, received Unterminated string at line 1, column 60 servesLastGood=true`,
      "info  redirect files changed broken=1 files=1 inError=1",
      `warn  ${dir}/a.json: url: expected an absolute http or https URL without a query, received "ftp://host/" servesLastGood=true`,
      "info  redirect files changed changed=1 mended=1 names=a files=2 inError=0",
    ]);
  });

  test("leaves it until it is removed", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    put(dir, { "a.json": "{" });
    await store.reload();
    unlinkSync(join(dir, "a.json"));
    await store.reload();
    expect(served(dir, store.snapshot())).toEqual({ b: "0 s/b.json" });
    put(dir, { "a.json": "{" });
    await store.reload();
    expect(served(dir, store.snapshot())).toEqual({ b: "0 s/b.json" });
    expect(faultsOf(dir, store.snapshot())).toEqual({ "a.json": "a JSON object in UTF-8" });
  });

  test("goes on serving when a link to it comes first", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    writeFileSync(join(dir, "a.json"), "{");
    await store.reload();
    symlinkSync("a.json", join(dir, "0.json"));
    await store.reload();
    expect(served(dir, store.snapshot())).toEqual({ a: "0 0.json", b: "0 s/b.json" });
    expect(faultsOf(dir, store.snapshot())).toEqual({ "0.json": "a JSON object in UTF-8, last good served" });
  });

  test.skipIf(process.getuid?.() === 0)(
    "that can't be opened, or whose directory can't be listed, is the same",
    async () => {
      const { dir, store } = await openWithTwo();
      chmodSync(join(dir, "a.json"), 0);
      chmodSync(join(dir, "s"), 0);
      cleanUps.push(() => chmodSync(join(dir, "s"), 0o755));
      await until(() => faultsOf(dir, store.snapshot()), {
        "a.json": "a readable file, last good served",
        s: "a readable directory, last good served",
      });
      expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
      chmodSync(join(dir, "s"), 0o755);
      chmodSync(join(dir, "a.json"), 0o644);
      await until(() => store.snapshot().faults.size, 0);
    },
  );

  test("that can't even be looked at, or whose directory can't, is the same", async () => {
    const { dir, store } = await openWithTwo();
    const tooLong = "x".repeat(300);
    for (const name of ["a.json", "s"]) {
      renameSync(join(dir, name), join(dir, `..${name}.away`));
      symlinkSync(tooLong, join(dir, name));
    }
    const expected = "a readable file or directory, last good served";
    await until(() => faultsOf(dir, store.snapshot()), { "a.json": expected, s: expected });
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    for (const name of ["a.json", "s"]) renameSync(join(dir, `..${name}.away`), join(dir, `${name}2`));
    unlinkSync(join(dir, "a.json"));
    unlinkSync(join(dir, "s"));
    await until(() => served(dir, store.snapshot()), { b: "0 s2/b.json" });
    expect(store.snapshot().faults.size).toBe(0);
  });

  test("is reported once, and nothing is when nothing changed", async () => {
    const dir = makeDirectory();
    put(dir, { "a.json": "{", "b.json": file("b"), "c.json": file("b") });
    const { store, lines, snapshots } = await open(dir, { watch: false });
    const before = [...lines];
    expect(before.length).toBe(3);
    utimesSync(join(dir, "b.json"), 1, 1);
    writeFileSync(join(dir, "c.json"), file("b"));
    put(dir, { "b.json": file("b") });
    await store.reload();
    await store.reload();
    expect(lines).toEqual(before);
    expect(snapshots).toEqual([store.snapshot()]);
  });
});

describe("a file with a warning", () => {
  const misspelt = (mark: string) => JSON.stringify({ ...JSON.parse(file("a", mark)), descripton: "" });
  const warningsOf = (dir: string, { warnings }: Snapshot) =>
    [...warnings].map(([path, each]) => [path.slice(dir.length + 1), ...each.map(({ field }) => field)]);

  test("is served, and logged once", async () => {
    const { dir, store, lines } = await openWithTwo({ watch: false });
    const logged = () => lines.filter((line) => line.includes("descripton")).length;
    put(dir, { "a.json": misspelt("1") });
    await store.reload();
    expect([served(dir, store.snapshot())["a"], warningsOf(dir, store.snapshot()), logged()]).toEqual([
      "1 a.json",
      [["a.json", "descripton"]],
      1,
    ]);
    put(dir, { "a.json": misspelt("2") });
    await store.reload();
    expect([served(dir, store.snapshot())["a"], logged()]).toEqual(["2 a.json", 1]);
    put(dir, { "a.json": file("a", "3") });
    await store.reload();
    expect(store.snapshot().warnings.size).toBe(0);
    put(dir, { "a.json": misspelt("3") });
    await store.reload();
    expect(logged()).toBe(2);
  });
});

describe("the log", () => {
  test("says that there are no repositories, at the start and when the last one is removed", async () => {
    const dir = makeDirectory();
    const { store, lines } = await open(dir, { watch: false });
    const logged = () => lines.filter((line) => line.includes("no repositories")).length;
    expect(logged()).toBe(1);
    put(dir, { "a.json": file("a") });
    await store.reload();
    unlinkSync(join(dir, "a.json"));
    await store.reload();
    await store.reload();
    expect(logged()).toBe(2);
  });

  test("says what changed, in a line", async () => {
    const { dir, store, lines } = await openWithTwo({ watch: false });
    unlinkSync(join(dir, "s", "b.json"));
    put(dir, { "a.json": file("a", "1"), "c.json": file("c"), "d.json": file("d") });
    await store.reload();
    put(dir, Object.fromEntries(["1", "2", "3", "4", "5", "6"].map((each) => [`${each}.json`, file(each)])));
    await store.reload();
    expect(lines[0]).toBe("info  redirect files loaded added=2 files=2 inError=0");
    expect(lines[1]).toMatch(
      /^info {2}redirect files changed added=2 changed=1 removed=1 names="(?=.*a)(?=.*b)(?=.*c)(?=.*d)[abcd, ]{10}" files=3 inError=0$/,
    );
    expect(lines.slice(2)).toEqual(["info  redirect files changed added=6 files=9 inError=0"]);
  });

  test("tells of a conflict when it appears, and of another when another file comes first", async () => {
    const { dir, store, lines } = await openWithTwo({ watch: false });
    const conflicts = () => lines.filter((line) => line.includes("comes first")).length;
    put(dir, { "b.json": file("a", "1") });
    await store.reload();
    put(dir, { "b.json": file("a", "2") });
    await store.reload();
    expect(conflicts()).toBe(1);
    put(dir, { "0.json": file("a", "3") });
    await store.reload();
    expect(conflicts()).toBe(3);
  });
});

describe("a Kubernetes mount", () => {
  const NAMES = Array.from({ length: 40 }, (_, at) => `n${at}`);

  /** Writes the next state of the mount as the kubelet does. */
  function swap(dir: string, mark: string, names = NAMES): void {
    const next = `..2026_${mark}`;
    put(dir, Object.fromEntries(names.map((name) => [`${next}/${name}.json`, file(name, mark)])));
    symlinkSync(next, join(dir, "..data_tmp"));
    renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
    for (const name of names) {
      if (!statSync(join(dir, `${name}.json`), { throwIfNoEntry: false }))
        symlinkSync(`..data/${name}.json`, join(dir, `${name}.json`));
    }
  }
  const marks = (snapshot: Snapshot): string =>
    [...new Set(snapshot.catalog.v2.names.map((name) => v2Repository(snapshot.catalog, name)?.url))].join(" ");

  test.each([true, false])("swaps all at once (watching: %p)", async (watch) => {
    const dir = makeDirectory();
    swap(dir, "0");
    const { store, snapshots } = await open(dir, { watch, pollingInterval: watch ? 3600 : 0.01 });
    expect(served(dir, store.snapshot())["n7"]).toBe("0 n7.json");
    for (let mark = 1; mark < 10; mark++) {
      swap(dir, String(mark));
      rmSync(join(dir, `..2026_${mark - 1}`), { recursive: true });
      await until(() => served(dir, store.snapshot())["n7"], `${mark} n7.json`);
    }
    for (const snapshot of snapshots) expect(marks(snapshot)).toMatch(/^http:\/\/host\/\d\/$/);
    expect(store.snapshot().files).toBe(40);
  });

  test("swaps all at once, even under the eyes of a look", async () => {
    const names = Array.from({ length: 100 }, (_, at) => `n${at}`);
    const dir = makeDirectory();
    swap(dir, "0", names);
    const { store, snapshots } = await open(dir, { watch: false });
    for (let mark = 1; mark < 16; mark++) {
      const looking = store.reload();
      // Earlier or later in the look, which takes some ms.
      for (const began = performance.now(); performance.now() < began + mark / 2; ) await new Promise(setImmediate);
      swap(dir, String(mark), names);
      await looking;
    }
    for (const snapshot of snapshots) expect(marks(snapshot)).toMatch(/^http:\/\/host\/\d+\/$/);
  }, 30_000);

  test("gains and loses files", async () => {
    const dir = makeDirectory();
    swap(dir, "0", ["a", "b"]);
    const { store } = await open(dir);
    swap(dir, "1", ["b", "c"]);
    unlinkSync(join(dir, "a.json"));
    await until(() => served(dir, store.snapshot()), { b: "1 b.json", c: "1 c.json" });
  });
});

describe("behind a link", () => {
  async function openLinked(watch = true) {
    const dir = makeDirectory();
    const other = makeDirectory();
    put(other, {
      "v1/a.txt": file("a"),
      "v2/a.txt": file("a", "2"),
      "v1/s/b.json": file("b"),
      "v2/s/b.json": file("b", "2"),
    });
    symlinkSync("v1", join(other, "current"));
    symlinkSync(join(other, "current", "a.txt"), join(dir, "a.json"));
    symlinkSync(join(other, "current", "s"), join(dir, "s"));
    return { dir, other, ...(await open(dir, { watch })) };
  }

  test("an edit in place is seen", async () => {
    const { dir, other, store } = await openLinked();
    writeFileSync(join(other, "v1", "a.txt"), file("a", "1"));
    appendFileSync(join(other, "v1", "s", "b.json"), "\n");
    await until(() => served(dir, store.snapshot())["a"], "1 a.json");
  });

  test("a file that is replaced is seen", async () => {
    const { dir, other, store } = await openLinked();
    put(other, { "v1/a.txt": file("a", "1"), "v1/s/c.json": file("c") });
    await until(() => served(dir, store.snapshot()), { a: "1 a.json", b: "0 s/b.json", c: "0 s/c.json" });
  });

  test("what follows in a directory on the way that is made again at once is seen", async () => {
    const { dir, other, store } = await openLinked();
    rmSync(join(other, "v1"), { recursive: true });
    put(other, { "v1/a.txt": file("a", "3"), "v1/s/b.json": file("b", "3") });
    await until(() => served(dir, store.snapshot()), { a: "3 a.json", b: "3 s/b.json" });
    put(other, { "v1/a.txt": file("a", "4"), "v1/s/b.json": file("b", "4") });
    await until(() => served(dir, store.snapshot()), { a: "4 a.json", b: "4 s/b.json" });
  });

  test.each([true, false])("what leads nowhere for a moment is served as it was (watching: %p)", async (watch) => {
    const { dir, other, store } = await openLinked(watch);
    const seen = async () => {
      if (!watch) await store.reload();
      return [served(dir, store.snapshot()), faultsOf(dir, store.snapshot())];
    };
    rmSync(join(other, "v1"), { recursive: true });
    await until(seen, [
      { a: "0 a.json", b: "0 s/b.json" },
      { "a.json": "a link to a file, last good served", s: "a link to a file, last good served" },
    ]);
    put(other, { "v1/a.txt": file("a", "3"), "v1/s/b.json": file("b", "3") });
    await until(seen, [{ a: "3 a.json", b: "3 s/b.json" }, {}]);
  });

  test.each([true, false])("what has lost its link is removed (watching: %p)", async (watch) => {
    const { dir, other, store } = await openLinked(watch);
    rmSync(join(other, "v1"), { recursive: true });
    await store.reload();
    expect(store.snapshot().faults.size).toBe(2);
    for (const name of ["a.json", "s"]) unlinkSync(join(dir, name));
    const seen = async () => {
      if (!watch) await store.reload();
      return [served(dir, store.snapshot()), store.snapshot().faults.size];
    };
    await until(seen, [{}, 0]);
  });

  test("a link on the way that is swapped is seen", async () => {
    const { dir, other, store } = await openLinked();
    symlinkSync("v2", join(other, "next"));
    renameSync(join(other, "next"), join(other, "current"));
    await until(() => served(dir, store.snapshot()), { a: "2 a.json", b: "2 s/b.json" });
    writeFileSync(join(other, "v2", "s", "b.json"), file("b", "3"));
    await until(() => served(dir, store.snapshot())["b"], "3 s/b.json");
  });
});

describe("a signal to give up", () => {
  test("ends the first load at once", async () => {
    const dir = makeDirectory();
    for (let count = 0; count < 3000; count++) writeFileSync(join(dir, `${count}.json`), file(`n${count}`));
    const giveUp = new AbortController();
    const opening = open(dir, { signal: giveUp.signal }).then(
      ({ lines }) => lines,
      (error: unknown) => error,
    );
    setImmediate(() => giveUp.abort(new Error("told to stop")));
    expect(await opening).toEqual(new Error("told to stop"));
  });

  test("ends the following", async () => {
    const giveUp = new AbortController();
    const dir = makeDirectory();
    const { store, lines } = await open(dir, { signal: giveUp.signal });
    giveUp.abort();
    put(dir, { "a.json": file("a") });
    await store.reload();
    expect([served(dir, store.snapshot()), lines.filter((line) => line.includes("error"))]).toEqual([{}, []]);
  });
});

describe("the data directory", () => {
  test("may appear later", async () => {
    const parent = makeDirectory();
    const dir = join(parent, "x", "y");
    const { store, lines } = await open(dir);
    expect(store.snapshot().loadedAt).toBeUndefined();
    expect(lines[1]).toMatch(/^error .*\/x\/y: expected a readable directory/);
    put(dir, { "s/a.json": file("a") });
    await until(() => served(dir, store.snapshot()), { a: "0 s/a.json" });
    expect(store.snapshot().loadedAt).toBeInstanceOf(Date);
    expect(store.snapshot().faults.size).toBe(0);
    put(dir, { "s/a.json": file("a", "1") });
    await until(() => served(dir, store.snapshot()), { a: "1 s/a.json" });
  });

  test.each([true, false])("may be away: what was served is served (watching: %p)", async (watch) => {
    const parent = makeDirectory();
    const dir = join(parent, "data");
    put(dir, { "a.json": file("a"), "s/b.json": file("b") });
    const { store } = await open(dir, { watch, pollingInterval: watch ? 3600 : 0.02 });
    renameSync(dir, join(parent, "away"));
    await until(() => store.snapshot().faults.get(dir)?.servesLastGood, true);
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    put(dir, { "a.json": file("a", "1") });
    await until(() => served(dir, store.snapshot()), { a: "1 a.json" });
    expect(store.snapshot().faults.size).toBe(0);
    put(dir, { "a.json": file("a", "2") });
    await until(() => served(dir, store.snapshot()), { a: "2 a.json" });
  });

  test("is not taken for an empty one in its place, as where a file system is unmounted", async () => {
    const parent = makeDirectory();
    const dir = join(parent, "data");
    put(dir, { "a.json": file("a"), "s/b.json": file("b") });
    const { store } = await open(dir, { watch: false, pollingInterval: 0.02 });
    renameSync(dir, join(parent, "away"));
    mkdirSync(dir);
    await until(() => store.snapshot().faults.get(dir)?.servesLastGood, true);
    expect(served(dir, store.snapshot())).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    put(dir, { "a.json": file("a", "1") });
    await until(() => served(dir, store.snapshot()), { a: "1 a.json" });
    expect(store.snapshot().faults.size).toBe(0);
  });

  test("may go away under the eyes of a look", async () => {
    const parent = makeDirectory();
    const dir = join(parent, "data");
    for (let count = 0; count < 200; count++) put(dir, { [`${count}.json`]: file(`n${count}`) });
    const { store } = await open(dir, { watch: false });
    for (let round = 0; round < 20; round++) {
      const looking = store.reload();
      for (let turns = 0; turns < round; turns++) await new Promise(setImmediate);
      renameSync(dir, join(parent, "away"));
      await looking;
      expect(store.snapshot().files).toBe(200);
      renameSync(join(parent, "away"), dir);
    }
  });

  test("may be a link that is swapped", async () => {
    const parent = makeDirectory();
    put(parent, { "v1/a.json": file("a"), "v2/a.json": file("a", "2") });
    symlinkSync("v1", join(parent, "data"));
    const dir = join(parent, "data");
    const { store, snapshots } = await open(dir);
    symlinkSync("v2", join(parent, "next"));
    renameSync(join(parent, "next"), dir);
    await until(() => served(dir, store.snapshot()), { a: "2 a.json" });
    expect(snapshots.length).toBe(2);
  });
});

describe("a snapshot", () => {
  test("never changes", async () => {
    const { dir, store } = await openWithTwo({ watch: false });
    const before = store.snapshot();
    put(dir, { "a.json": file("a", "1"), "s/b.json": "{", "c.json": file("c") });
    await store.reload();
    expect(served(dir, before)).toEqual({ a: "0 a.json", b: "0 s/b.json" });
    expect([before.files, before.faults.size]).toEqual([2, 0]);
  });
});
