/** The fields that several versions share, as Valibot schemas whose output needs no second look. */
import * as v from "valibot";
import {
  type Digest,
  type ImageId,
  parseDigest,
  parseImageId,
  parseReference,
  parseRepositoryName,
  parseTag,
  type Reference,
  type Tag,
} from "../reference.ts";
import type { Amd64Manifest, Descriptor } from "./repository.ts";

// A Location header is made of it: nothing may pass that ends a line or starts a query.
const PLAIN_URL = /^https?:\/\/[^\s\u0000-\u0020\u007f"<>\\^`{|}?#]+$/i;
const ASCII = /^[\u0021-\u007e]+$/;

const EXPECTED = {
  amd64: "a digest and its schema version, 1 or 2",
  descriptor: "an array of descriptors",
  digest: "a digest",
  imageId: "an image id of 64 lower-case hexadecimal digits",
  reference: "a tag or a digest",
  tag: "a tag",
} as const;

/** @returns the url in ASCII and with its final slash, or undefined when it is no plain http(s) URL */
function parseContentUrl(text: string): string | undefined {
  if (!PLAIN_URL.test(text) || !URL.canParse(text)) return undefined;
  const ascii = ASCII.test(text) ? text : new URL(text).href;
  return ascii.endsWith("/") ? ascii : `${ascii}/`;
}

/** A string that a parser takes; the output has the parser's type. */
function parsed<Output extends string>(parse: (text: string) => Output | undefined, expected: string) {
  return v.pipe(
    v.string(expected),
    v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
      const output = parse(dataset.value);
      if (output !== undefined) return output;
      addIssue({ message: expected });
      return NEVER;
    }),
  );
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * An object read as a map. Every own key counts, `constructor` and `__proto__` too: they may be tags.
 *
 * @param expected what a key and a value should have been
 */
function mapOf<Key extends string, Value>(
  parseKey: (text: string) => Key | undefined,
  parseValue: (value: unknown) => Value | undefined,
  expected: { readonly key: string; readonly value: string },
) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, "an object"),
    v.rawTransform<Record<string, unknown>, ReadonlyMap<Key, Value>>(({ dataset, addIssue, NEVER }) => {
      const map = new Map<Key, Value>();
      for (const [key, value] of Object.entries(dataset.value)) {
        const path = [{ type: "object", origin: "value", input: dataset.value, key, value }] as const;
        const parsedKey = parseKey(key);
        const parsedValue = parseValue(value);
        if (parsedKey === undefined) addIssue({ message: `${expected.key} as key`, input: key, path: [...path] });
        else if (parsedValue === undefined) addIssue({ message: expected.value, input: value, path: [...path] });
        else map.set(parsedKey, parsedValue);
      }
      return map.size === Object.keys(dataset.value).length ? map : NEVER;
    }),
  );
}

const fromString =
  <Output>(parse: (text: string) => Output | undefined) =>
  (value: unknown): Output | undefined =>
    typeof value === "string" ? parse(value) : undefined;

function parseAmd64Manifest(value: unknown): Amd64Manifest | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [name, version] = value;
  const digest = fromString(parseDigest)(name);
  if (digest === undefined || (version !== 1 && version !== 2)) return undefined;
  return { digest, kind: version === 1 ? "1" : "2" };
}

const parseDescriptors = (value: unknown): readonly Descriptor[] | undefined =>
  Array.isArray(value) && value.every(isPlainObject) ? value : undefined;

/** Tags and digests; one loop for the whole array, since a file may list a million. */
export const references = v.pipe(
  v.custom<readonly unknown[]>(Array.isArray, "an array of tags and digests"),
  v.rawTransform<readonly unknown[], readonly Reference[]>(({ dataset, addIssue, NEVER }) => {
    const output: Reference[] = [];
    for (const [key, value] of dataset.value.entries()) {
      const reference = fromString(parseReference)(value);
      if (reference !== undefined) output.push(reference);
      else {
        const path = { type: "array", origin: "value", input: dataset.value, key, value } as const;
        addIssue({ message: EXPECTED.reference, input: value, path: [path] });
      }
    }
    return output.length === dataset.value.length ? output : NEVER;
  }),
);

export const imageId = parsed<ImageId>(parseImageId, EXPECTED.imageId);

/** Tag → image id. */
export const imageTags = mapOf<Tag, ImageId>(parseTag, fromString(parseImageId), {
  key: EXPECTED.tag,
  value: EXPECTED.imageId,
});

/** Tag → the linux/amd64 manifest of the list with that tag. */
export const amd64Tags = mapOf<Tag, Amd64Manifest>(parseTag, parseAmd64Manifest, {
  key: EXPECTED.tag,
  value: EXPECTED.amd64,
});

/** Subject digest → descriptors of what refers to it. */
export const referrers = mapOf<Digest, readonly Descriptor[]>(parseDigest, parseDescriptors, {
  key: EXPECTED.digest,
  value: EXPECTED.descriptor,
});

/** What every version has. */
export const common = {
  type: v.optional(v.string("a string")),
  repository: v.string("a string"),
  "repo-registry-id": parsed(parseRepositoryName, "a repository name"),
  url: parsed(parseContentUrl, "an absolute http or https URL without a query"),
  protected: v.optional(v.boolean("true or false"), false),
};

/** The shared fields under the names that the rest of the program uses. */
export function commonOf(file: v.InferOutput<v.ObjectSchema<typeof common, undefined>>) {
  return {
    name: file["repo-registry-id"],
    repository: file.repository,
    url: file.url,
    isProtected: file.protected,
  };
}
