import * as v from "valibot";
import { type Fault, MAX_FAULTS, plain, show } from "./fault.ts";
import { isPlainObject } from "./fields.ts";
import type { Repository } from "./repository.ts";
import { v1File } from "./v1.ts";
import { v2File } from "./v2.ts";
import { v3File } from "./v3.ts";
import { v4File } from "./v4.ts";
import { v5File } from "./v5.ts";

/** A repository, or everything that keeps the file from being one. */
export type Parsed =
  | { readonly ok: true; readonly repository: Repository }
  | { readonly ok: false; readonly faults: Faults };

type Faults = readonly [Fault, ...Fault[]];

const VERSIONS = "a version from 1 to 5";

const versioned = v.object({ version: v.picklist([1, 2, 3, 4, 5], VERSIONS) }, VERSIONS);

const WHOLE_FILE = { field: "", expected: "a JSON object in UTF-8" };

const SCHEMAS = { 1: v1File, 2: v2File, 3: v3File, 4: v4File, 5: v5File } as const;

function fieldOf(issue: v.BaseIssue<unknown>): string {
  let field = "";
  for (const { key } of issue.path ?? []) {
    const isWord = typeof key === "string" && /^[\w-]{1,80}$/.test(key);
    if (!isWord) field += `[${show(key)}]`;
    else field += field === "" ? key : `.${key}`;
  }
  return field;
}

const faultOf = (issue: v.BaseIssue<unknown>): Fault => ({
  field: fieldOf(issue),
  expected: issue.message,
  received: show(issue.input),
});

function faultsOf([first, ...others]: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): Faults {
  return [faultOf(first), ...others.slice(0, MAX_FAULTS - 1).map(faultOf)];
}

function refuse(...faults: Faults): Parsed {
  return { ok: false, faults };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** What keeps the bytes from being JSON. */
const reasonOf = (error: unknown): string =>
  error instanceof SyntaxError ? plain(error.message.replace("JSON Parse error: ", "")) : "invalid UTF-8";

/**
 * Reads the bytes of a redirect file of any version.
 *
 * @param bytes UTF-8 JSON
 * @see spec "Redirect files"
 */
export function parseRedirectFile(bytes: Uint8Array): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return refuse({ ...WHOLE_FILE, received: reasonOf(error) });
  }
  if (!isPlainObject(value)) return refuse({ ...WHOLE_FILE, received: show(value) });
  const file = v.safeParse(versioned, value);
  if (!file.success) return refuse(...faultsOf(file.issues));
  const result = v.safeParse(SCHEMAS[file.output.version], value);
  return result.success ? { ok: true, repository: result.output } : refuse(...faultsOf(result.issues));
}
