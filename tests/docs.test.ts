/** The documents say what the program does. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configurationReference } from "../lib/config/reference.ts";

const ROOT = join(import.meta.dir, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test("the reference of the configuration is the table's (bun run docs makes it)", () => {
  expect(read("docs/configuration.md")).toBe(configurationReference());
});

test("the documents' links lead somewhere", () => {
  const documents = ["README.md", ...new Bun.Glob("docs/*.md").scanSync(ROOT)];
  for (const document of documents) {
    for (const [, target = ""] of read(document).matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
      const path = join(ROOT, document, "..", target);
      expect(`${document}: ${target}: ${Bun.file(path).size > 0}`).toBe(`${document}: ${target}: true`);
    }
  }
});
