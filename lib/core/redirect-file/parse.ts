import * as v from "valibot";
import { type Fault, fieldAt, MAX_FAULTS, plain, show, type Warning } from "./fault.ts";
import { errorPosition } from "./json-position.ts";
import { isPlainObject } from "./json-value.ts";
import type { Repository } from "./repository.ts";
import { unknownFields } from "./unknown-fields.ts";
import { tagWarnings, v1File } from "./v1.ts";
import { v2File } from "./v2.ts";
import { v3File } from "./v3.ts";
import { v4File } from "./v4.ts";
import { v5File } from "./v5.ts";
import { v6File } from "./v6.ts";

/** A repository, or everything that keeps the file from being one. */
export type ParsedFile =
  | { readonly ok: true; readonly repository: Repository; readonly warnings: readonly Warning[] }
  | { readonly ok: false; readonly faults: Faults };

type Faults = readonly [Fault, ...Fault[]];

const VERSIONS = "a version from 1 to 6";

const WHOLE_FILE = { field: "", expected: "a JSON object in UTF-8" };

/** The schema of each version. */
export const SCHEMAS = { 1: v1File, 2: v2File, 3: v3File, 4: v4File, 5: v5File, 6: v6File } as const;

type FileVersion = keyof typeof SCHEMAS;

const isVersion = (value: unknown): value is FileVersion => typeof value === "number" && value in SCHEMAS;

const fieldsOf = (version: FileVersion): readonly string[] => Object.keys(SCHEMAS[version].pipe[0].entries);

const FIELDS: Readonly<Record<FileVersion, readonly string[]>> = {
  1: fieldsOf(1),
  2: fieldsOf(2),
  3: fieldsOf(3),
  4: fieldsOf(4),
  5: fieldsOf(5),
  6: fieldsOf(6),
};

const ALL_FIELDS = new Set(Object.values(FIELDS).flat());

const faultOf = (issue: v.BaseIssue<unknown>): Fault => ({
  field: fieldAt(...(issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)))),
  expected: issue.message,
  received: show(issue.input),
});

function refuse(faults: readonly Fault[]): ParsedFile {
  const [first = WHOLE_FAULT, ...others] = faults;
  return { ok: false, faults: [first, ...others.slice(0, MAX_FAULTS - 1)] };
}

const WHOLE_FAULT: Fault = { ...WHOLE_FILE, received: "something else" };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads JSON. @returns the value, or what was there instead of JSON */
function readJson(bytes: Uint8Array): { readonly value: unknown } | { readonly received: string } {
  let text: string | undefined;
  try {
    text = utf8.decode(bytes);
    return { value: JSON.parse(text) };
  } catch (error) {
    if (text === undefined || !(error instanceof SyntaxError)) return { received: "invalid UTF-8" };
    return { received: `${plain(error.message.replace("JSON Parse error: ", ""))} at ${errorPosition(text)}` };
  }
}

/**
 * Parses the bytes of a redirect file of any version.
 *
 * @param bytes UTF-8 JSON
 * @see spec "Redirect files"
 */
export function parseRedirectFile(bytes: Uint8Array): ParsedFile {
  const read = readJson(bytes);
  if ("received" in read) return refuse([{ ...WHOLE_FILE, received: read.received }]);
  const { value } = read;
  if (!isPlainObject(value)) return refuse([{ ...WHOLE_FILE, received: show(value) }]);
  const { version } = value;
  if (!isVersion(version)) return refuse([{ field: "version", expected: VERSIONS, received: show(version) }]);
  const schema = SCHEMAS[version];
  const unknown = unknownFields(version, Object.keys(value), FIELDS[version], ALL_FIELDS);
  const result = v.safeParse(schema, value);
  const faults = [...unknown.faults, ...(result.issues ?? []).map(faultOf)];
  if (!result.success || faults.length > 0) return refuse(faults);
  const { repository, warnings } = result.output;
  const ofTags = repository.api === "v1" && isPlainObject(value["tags"]) ? tagWarnings(value["tags"]) : [];
  return { ok: true, repository, warnings: [...unknown.warnings, ...ofTags, ...warnings] };
}
