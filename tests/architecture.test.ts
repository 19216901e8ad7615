import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

const CORE = ["reference", "media-types", "redirect-file", "catalog", "resolve", "location"];

/** What each room may import, beside itself. Whatever is not here is not allowed, packages and `node:` modules too. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  reference: [],
  "media-types": [],
  "redirect-file": ["reference", "media-types", "valibot"],
  catalog: ["reference", "redirect-file"],
  resolve: ["reference", "media-types", "redirect-file", "catalog"],
  location: ["node:crypto"],

  openapi: [],
  log: [],
  descriptors: ["node:*"],
  http: ["descriptors", "node:*"],
  metrics: ["descriptors", "valibot", "node:*"],
  config: ["location", "s3", "valibot", "node:*"],
  s3: ["redirect-file", "aws4fetch", "node:*"],
  store: ["redirect-file", "catalog", "s3", "log", "node:*"],
  auth: ["reference", "config", "log", "jose", "lru-cache", "p-limit", "valibot", "node:*"],
  content: ["reference", "media-types", "log", "valibot", "node:*"],
  search: ["catalog", "redirect-file", "log", "valibot"],
  page: ["node:crypto"],
  admin: ["page", "reference", "media-types", "redirect-file", "catalog"],
  docs: ["page", "openapi"],
  routes: [
    ...CORE,
    "openapi",
    "docs",
    "admin",
    "auth",
    "content",
    "search",
    "store",
    "config",
    "http",
    "log",
    "metrics",
    "elysia",
    "valibot",
    "node:*",
  ],
  verify: ["reference", "media-types", "redirect-file", "resolve", "content", "publish", "valibot", "node:*"],
  publish: ["reference", "media-types", "redirect-file", "content", "s3", "valibot", "bun:sqlite", "node:*"],
  demo: [...CORE, "routes", "elysia", "node:*"],
  cli: [
    ...CORE,
    "openapi",
    "log",
    "http",
    "metrics",
    "config",
    "store",
    "auth",
    "content",
    "search",
    "routes",
    "demo",
    "publish",
    "verify",
    "commander",
    "elysia",
    "node:*",
    "package.json",
  ],
  server: ["cli"],
};

const ROOT = join(import.meta.dir, "..");
const FILES = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => join("lib", path))
  .concat("server.ts")
  .sort();

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** What of a file runs: no comments, no types. */
const codeOf = (path: string): string => new Bun.Transpiler({ loader: "ts" }).transformSync(textOf(path));

/** What a file imports or exports from, types included: paths from the root, or names of modules as written. */
function importsOf(path: string): readonly string[] {
  const statements =
    /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"']+)["']|\b(?:import|require)\(\s*["'`]([^"'`]+)/gm;
  return [...textOf(path).matchAll(statements)].map(([, named, called]) => {
    const specifier = named ?? called ?? "";
    return specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
  });
}

/** The room that a file or a module belongs to: `lib/catalog/shards.ts` and `lib/log.ts` are of catalog and log. */
function roomOf(path: string): string {
  const [top = "", second] = path.split("/");
  if (top !== "lib") return FILES.includes(path) ? basename(path, ".ts") : path;
  return basename(second ?? "", ".ts");
}

const mayImport = (room: string, other: string): boolean =>
  room === other ||
  (MAY_IMPORT[room] ?? []).some((allowed) => allowed === other || (allowed === "node:*" && other.startsWith("node:")));

test("the imports of every file are seen", () => {
  expect(importsOf("lib/core/resolve.ts")).toEqual([
    "lib/core/media-types.ts",
    "lib/core/redirect-file/repository.ts",
    "lib/core/reference.ts",
  ]);
  for (const path of FILES) {
    const statements = textOf(path).match(/^import\b/gm) ?? [];
    expect(`${path}: ${importsOf(path).length}`).toBe(`${path}: ${statements.length}`);
  }
});

test("every room is in the table", () => {
  expect(FILES.map(roomOf).filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
});

test.each(Object.keys(MAY_IMPORT))("%s imports only what it may", (room) => {
  const forbidden = FILES.filter((path) => roomOf(path) === room).flatMap((path) =>
    importsOf(path)
      .filter((imported) => !mayImport(room, roomOf(imported)))
      .map((imported) => `${path} imports ${imported}`),
  );
  expect(forbidden).toEqual([]);
});

test("rooms depend on each other in one direction, and so does the table", () => {
  expect(cycleIn(Object.keys(MAY_IMPORT), (room) => MAY_IMPORT[room] ?? [])).toBeUndefined();
});

test("no files import each other in a circle, not even for types", () => {
  expect(cycleIn(FILES, importsOf)).toBeUndefined();
});

test("every import within the project is written with its extension, and is there", () => {
  const missing = FILES.flatMap((path) =>
    importsOf(path).filter((imported) => /^(?:lib\/|server|\.)/.test(imported) && !FILES.includes(imported)),
  );
  expect(missing).toEqual([]);
});

describe("the pure core", () => {
  const core = FILES.filter((path) => CORE.includes(roomOf(path)));

  test.each([
    ["files or sockets", /\bBun\.(?!CryptoHasher\b)|\bfetch\(|\bRequest\b|\bResponse\b|\bHeaders\b/],
    ["a clock", /\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\([^)])|\bperformance\b|\bset(?:Timeout|Interval)\b/],
    ["chance", /\bMath\.random\b|\brandom(?:Bytes|UUID|Int|FillSync)\b|\bgetRandomValues\b/],
    ["its surroundings", /\bprocess\b|\bconsole\b|\bglobalThis\b/],
  ])("knows nothing of %s", (_, pattern) => {
    expect(core.filter((path) => pattern.test(codeOf(path)))).toEqual([]);
  });

  test("throws nothing", () => {
    expect(core.filter((path) => /\bthrow\b/.test(codeOf(path)))).toEqual([]);
  });
});

describe("every file", () => {
  test("fits in 250 lines", () => {
    expect(FILES.filter((path) => textOf(path).split("\n").length > 251)).toEqual([]);
  });

  test("has a name that says what it knows", () => {
    expect(FILES.filter((path) => /(?:^|[/-])(?:utils?|helpers?|common|misc|index)(?:[/.-]|$)/.test(path))).toEqual([]);
  });

  test("exports by name", () => {
    expect(FILES.filter((path) => /^export (?:default|\*)/m.test(textOf(path)))).toEqual([]);
  });
});

/** @returns the nodes of a cycle, in order, or undefined when there is none */
function cycleIn(nodes: readonly string[], next: (node: string) => readonly string[]): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node) || !nodes.includes(node)) return undefined;
    for (const each of next(node)) {
      const cycle = walk(each, [...trail, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of nodes) {
    const cycle = walk(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
