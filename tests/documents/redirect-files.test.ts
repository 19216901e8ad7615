/** The page about redirect files: its examples are good files, and it has every field. */
import { expect, test } from "bun:test";
import Ajv from "ajv";
import { redirectFileSchema } from "../../lib/cli/schema.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import { textOf } from "./commands.ts";

const page = textOf("docs/redirect-files.md");
const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => text);

test("has an example of every version", () => {
  expect(examples.map((text) => JSON.parse(text).version).sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each(examples)("is a good file, for craned and for editors: %#", (text) => {
  expect(parseRedirectFile(new TextEncoder().encode(text))).toMatchObject({ ok: true, warnings: [] });
  const validate = new Ajv({ strict: false }).compile(redirectFileSchema());
  expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
});

test("has every field of every version, and no other", () => {
  const fields = redirectFileSchema().allOf.flatMap(({ then }) => Object.keys(then.properties));
  const tables = page.match(/^\| field \| type \|.*\n(?:\|.*\n)+/gm) ?? [];
  const described = tables.flatMap((table) =>
    [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names = ""]) => names.replaceAll("`", "").split(", ")),
  );
  expect([...new Set(described)].sort()).toEqual([...new Set(fields)].sort());
});
