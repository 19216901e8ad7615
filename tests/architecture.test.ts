import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

/**
 * Modules, from those that know nothing of the others to those that put them together, and all that each imports: a
 * module imports only modules that come before it.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "core/reference": [],
  "core/white-space": [],
  "core/media-types": ["core/white-space"],
  "core/manifest": ["core/media-types", "valibot"],
  "core/redirect-file": ["core/reference", "core/media-types", "core/manifest", "fastest-levenshtein", "valibot"],
  "core/catalog": ["core/reference", "core/redirect-file"],
  "core/resolve": ["core/reference", "core/media-types", "core/redirect-file"],
  "core/location": ["core/redirect-file", "node:*"],
  "core/explain": ["core/reference", "core/media-types", "core/redirect-file", "core/resolve", "core/location"],

  log: [],
  slices: [],
  prometheus: ["prom-client"],
  "system-error": [],
  terminal: [],
  s3: ["core/redirect-file", "system-error", "@aws-sdk/credential-providers", "@smithy/core", "aws4fetch", "node:*"],
  config: ["core/reference", "core/location", "s3", "system-error", "fastest-levenshtein", "node:*"],
  store: ["core/redirect-file", "core/catalog", "s3", "slices", "log", "system-error", "p-limit", "node:*"],
  auth: ["core/reference", "config", "log", "system-error", "jose", "lru-cache", "p-limit", "valibot", "node:*"],
  content: [
    "core/reference",
    "core/white-space",
    "core/media-types",
    "core/manifest",
    "log",
    "system-error",
    "lru-cache",
    "node:*",
  ],
  search: ["core/redirect-file", "core/catalog", "log", "slices", "system-error", "p-limit", "valibot"],
  publish: [
    "core/reference",
    "core/media-types",
    "core/manifest",
    "core/redirect-file",
    "core/resolve",
    "s3",
    "system-error",
    "bun:sqlite",
    "p-limit",
    "valibot",
    "node:*",
  ],
  layouts: ["core/reference", "core/redirect-file", "store", "content", "publish", "log", "node:*"],
  demo: ["core/media-types", "elysia", "node:*"],
  app: [
    "core/reference",
    "core/white-space",
    "core/media-types",
    "core/redirect-file",
    "core/catalog",
    "core/resolve",
    "core/location",
    "core/explain",
    "config",
    "auth",
    "content",
    "search",
    "log",
    "prometheus",
    "@elysiajs/openapi",
    "@valibot/to-json-schema",
    "elysia",
    "lru-cache",
    "swagger-ui-dist",
    "valibot",
    "node:*",
    "package.json",
  ],
  server: [
    "core/redirect-file",
    "core/catalog",
    "core/location",
    "config",
    "store",
    "auth",
    "content",
    "search",
    "layouts",
    "app",
    "log",
    "prometheus",
    "system-error",
    "terminal",
    "bun:ffi",
    "elysia",
    "valibot",
    "node:*",
    "package.json",
  ],
  cli: [
    "core/reference",
    "core/media-types",
    "core/redirect-file",
    "core/catalog",
    "core/location",
    "core/explain",
    "s3",
    "config",
    "store",
    "auth",
    "content",
    "publish",
    "layouts",
    "demo",
    "server",
    "system-error",
    "terminal",
    "@valibot/to-json-schema",
    "commander",
    "fastest-levenshtein",
    "valibot",
    "node:*",
    "package.json",
  ],
  "server.ts": ["cli"],
};

const MODULES = Object.keys(IMPORTS);

const ROOT = join(import.meta.dir, "..");
const FILES = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
  .map((path) => join("lib", path))
  .concat("server.ts")
  .sort();

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** Returns the code of a file without comments and types. */
const compiled = (path: string): string => new Bun.Transpiler({ loader: "ts" }).transformSync(textOf(path));

/** Returns all imports of a file, types included: paths from the root, or names of packages as written. */
function importsOf(path: string): readonly string[] {
  const statements =
    /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"']+)["']|\b(?:import|require)\(\s*["'`]([^"'`]+)/gm;
  return [...textOf(path).matchAll(statements)].map(([, named, called]) => {
    const specifier = named ?? called ?? "";
    return specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
  });
}

/** Returns the module of a file, such as `store`, `core/catalog` or `log`, or the name of a package. */
function moduleOf(path: string): string {
  if (path.startsWith("node:")) return "node:*";
  const [top = "", second = "", third = ""] = path.split("/");
  if (top !== "lib") return top.startsWith("@") ? `${top}/${second}` : top;
  return second === "core" ? `core/${basename(third, ".ts")}` : basename(second, ".ts");
}

test("the imports of every file are found", () => {
  const missed = FILES.filter((path) => importsOf(path).length < (textOf(path).match(/^import\b/gm) ?? []).length);
  expect(missed).toEqual([]);
});

test.each(MODULES)("%s imports what its row lists, nothing less and nothing more", (module) => {
  const files = FILES.filter((path) => moduleOf(path) === module);
  const imported = new Set(files.flatMap(importsOf).map(moduleOf));
  imported.delete(module);
  expect([...imported].sort()).toEqual([...(IMPORTS[module] ?? [])].sort());
});

test("every file is of a module in the table, and every module has files", () => {
  expect([...new Set(FILES.map(moduleOf))].sort()).toEqual([...MODULES].sort());
});

test("a module imports only modules that come before it", () => {
  const upward = MODULES.flatMap((module, index) =>
    (IMPORTS[module] ?? [])
      .filter((imported) => MODULES.indexOf(imported) >= index)
      .map((imported) => `${module} imports ${imported}`),
  );
  expect(upward).toEqual([]);
});

test("no files import each other in a circle, not even for types", () => {
  expect(cycleIn(FILES, importsOf)).toBeUndefined();
});

test("every import within the project is written with its extension, and is there", () => {
  const missing = FILES.flatMap((path) =>
    importsOf(path).filter((imported) => /^(?:lib\/|server|\.)/.test(imported) && !existsSync(join(ROOT, imported))),
  );
  expect(missing).toEqual([]);
});

describe("the pure core", () => {
  const core = FILES.filter((path) => path.startsWith("lib/core/"));

  test.each([
    ["files or sockets", /\bBun\.(?!CryptoHasher\b)|\bfetch\(|\bRequest\b|\bResponse\b|\bHeaders\b/],
    ["a clock", /\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\([^)])|\bperformance\b|\bset(?:Timeout|Interval)\b/],
    ["chance", /\bMath\.random\b|\brandom(?:Bytes|UUID|Int|FillSync)\b|\bgetRandomValues\b/],
    ["its surroundings", /\bprocess\b|\bconsole\b|\bglobalThis\b/],
  ])("knows nothing of %s", (_, pattern) => {
    expect(core.filter((path) => pattern.test(compiled(path)))).toEqual([]);
  });

  test("throws nothing", () => {
    expect(core.filter((path) => /\bthrow\b/.test(compiled(path)))).toEqual([]);
  });
});

describe("every file", () => {
  test("has a name that says what it knows", () => {
    expect(
      FILES.filter((path) => /(?:^|[/-])(?:utils?|common|misc|index)(?:[/.-]|$)|\/helpers?[/.]/.test(path)),
    ).toEqual([]);
  });

  test("exports by name", () => {
    expect(FILES.filter((path) => /^export (?:default|\*)/m.test(textOf(path)))).toEqual([]);
  });
});

/** @returns the nodes of a cycle, in order, or undefined when there is none */
function cycleIn(nodes: readonly string[], next: (node: string) => readonly string[]): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node) || !nodes.includes(node)) return undefined;
    for (const each of next(node)) {
      const cycle = walk(each, [...path, node]);
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
