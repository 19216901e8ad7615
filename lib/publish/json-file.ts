import * as v from "valibot";
import { show } from "../core/redirect-file/fault.ts";
import { type Digest, parseDigest } from "../core/reference.ts";
import { broken } from "./publish-error.ts";

/** A digest in a file that another program wrote. */
export const digestField = v.custom<Digest>(
  (value) => typeof value === "string" && parseDigest(value) !== undefined,
  "a digest",
);

/** A count of bytes. */
export const sizeField = v.custom<number>(
  (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  "a size in bytes",
);

/** A field that may be left out; tools of Go write `null` for that. */
export const optional = <const Schema extends v.GenericSchema>(schema: Schema) => v.nullish(schema, () => undefined);

/** A list that may be left out. */
export const listOf = <const Schema extends v.GenericSchema>(item: Schema, expected: string) =>
  v.nullish(v.array(item, expected), () => []);

/** An object with these fields and any others; of a missing one it says what the field itself would have said. */
export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, (issue) => {
    const missing = entries[String(issue.path?.[0]?.key)];
    return missing !== undefined && "message" in missing && typeof missing.message === "string"
      ? missing.message
      : "an object";
  });
}

function fieldOf(issue: v.BaseIssue<unknown>): string {
  let field = "";
  for (const { key } of issue.path ?? []) {
    if (typeof key === "number") field += `[${key}]`;
    else field += field === "" ? String(key) : `.${String(key)}`;
  }
  return field;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads JSON that a schema describes.
 *
 * @param file what the bytes are called in the error
 * @throws {PublishError} naming the file, the first field that is wrong and what was expected there
 */
export function readJson<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array,
  file: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw broken(file, "", "JSON in UTF-8", bytes.length === 0 ? "an empty file" : "other bytes");
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw broken(file, fieldOf(issue), issue.message, show(issue.input));
}
