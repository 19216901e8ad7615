import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../lib");

/** Types that TypeScript has without an import, beside the classes that exist at run time. */
const GENERIC_TYPES =
  "Awaited Exclude Extract NoInfer NonNullable Omit Parameters Partial Pick Readonly Record Required"
    .concat(" ReturnType Iterator Iterable Generator AsyncIterable AsyncIterator AsyncGenerator PromiseLike ArrayLike")
    .split(" ");

/** All types that lib/ defines: the name of each, with the files that define it. */
function definedTypes(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, readonly string[]>();
  for (const path of readdirSync(ROOT, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts")) continue;
    for (const [, name = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|enum) ([A-Za-z]\w*)/gm,
    ))
      files.set(name, [...(files.get(name) ?? []), path]);
  }
  return files;
}

test("a type's name is defined once in lib/", () => {
  expect([...definedTypes()].filter(([, paths]) => paths.length > 1)).toEqual([]);
});

test("no type shadows a built-in one", () => {
  const isBuiltIn = (name: string): boolean => Object.hasOwn(globalThis, name) || GENERIC_TYPES.includes(name);
  expect([...definedTypes().keys()].filter(isBuiltIn)).toEqual([]);
});
