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
  type RepositoryName,
  type Tag,
} from "../reference.ts";
import { type AboutFile, aboutFields, aboutOf } from "./about.ts";
import { MAX_FAULTS } from "./fault.ts";
import { type Amd64Manifest, type Descriptor, NO_MAP, type V1Image, type V2Repository } from "./repository.ts";

// A Location header is made of it: nothing may pass that ends a line or starts a query.
const PLAIN_URL = /^https?:\/\/(?!\/)[^\s\u0000-\u0020\u007f"<>\\^`{|}?#]+$/i;
const ASCII = /^[\u0021-\u007e]+$/;

// What is passed on as it is gets written out again, which needs a stack as deep as the value.
const MAX_DEPTH = 64;

const EXPECTED = {
  amd64: "a digest and its schema version, 1 or 2",
  descriptors: `an array of descriptors, at most ${MAX_DEPTH} levels deep`,
  digest: "a digest",
  image: `an object with an id, at most ${MAX_DEPTH} levels deep`,
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

/** Neither null nor an array. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isShallow(value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isShallow(each, depth - 1));
}

const pathTo = (input: unknown, key: string | number): [v.UnknownPathItem] => [
  { type: "unknown", origin: "value", input, key, value: undefined },
];

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
      let faults = 0;
      for (const key of Object.keys(dataset.value)) {
        const value = dataset.value[key];
        const parsedKey = parseKey(key);
        const parsedValue = parseValue(value);
        if (parsedKey !== undefined && parsedValue !== undefined) {
          map.set(parsedKey, parsedValue);
          continue;
        }
        const path = pathTo(dataset.value, key);
        if (parsedKey === undefined) addIssue({ message: `${expected.key} as key`, input: key, path });
        else addIssue({ message: expected.value, input: value, path });
        if (++faults === MAX_FAULTS) break;
      }
      if (faults > 0) return NEVER;
      return map.size === 0 ? NO_MAP : map;
    }),
  );
}

const fromString =
  <Output>(parse: (text: string) => Output | undefined) =>
  (value: unknown): Output | undefined =>
    typeof value === "string" ? parse(value) : undefined;

const referenceOf = fromString(parseReference);
const digestOf = fromString(parseDigest);
const imageIdOf = fromString(parseImageId);

function parseAmd64Manifest(value: unknown): Amd64Manifest | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [name, version] = value;
  const digest = digestOf(name);
  if (digest === undefined || (version !== 1 && version !== 2)) return undefined;
  return { digest, kind: version === 1 ? "1" : "2" };
}

const parseDescriptors = (value: unknown): readonly Descriptor[] | undefined =>
  Array.isArray(value) && value.every(isPlainObject) && isShallow(value) ? value : undefined;

/** Tags and digests; one loop for the whole array, since a file may list a million. */
export const references = v.pipe(
  v.custom<readonly unknown[]>(Array.isArray, "an array of tags and digests"),
  v.rawTransform<readonly unknown[], readonly Reference[]>(({ dataset, addIssue, NEVER }) => {
    const output: Reference[] = [];
    let faults = 0;
    for (let at = 0; at < dataset.value.length && faults < MAX_FAULTS; at++) {
      const value = dataset.value[at];
      const reference = referenceOf(value);
      if (reference !== undefined) output.push(reference);
      else {
        addIssue({ message: EXPECTED.reference, input: value, path: pathTo(dataset.value, at) });
        faults++;
      }
    }
    return faults === 0 ? output : NEVER;
  }),
);

const hasImageId = (image: Record<string, unknown>): image is V1Image => imageIdOf(image["id"]) !== undefined;

const image = v.pipe(
  v.custom<Record<string, unknown>>((value) => isPlainObject(value) && isShallow(value), EXPECTED.image),
  v.rawTransform<Record<string, unknown>, V1Image>(({ dataset, addIssue, NEVER }) => {
    if (hasImageId(dataset.value)) return dataset.value;
    addIssue({ message: EXPECTED.imageId, input: dataset.value["id"], path: pathTo(dataset.value, "id") });
    return NEVER;
  }),
);

/** Images, each with whatever it says beside its id. */
export const images = v.array(image, "an array of images");

/** Tag → image id. */
export const imageTags = mapOf<Tag, ImageId>(parseTag, imageIdOf, { key: EXPECTED.tag, value: EXPECTED.imageId });

/** Tag → the linux/amd64 manifest of the list with that tag. */
export const amd64Tags = mapOf<Tag, Amd64Manifest>(parseTag, parseAmd64Manifest, {
  key: EXPECTED.tag,
  value: EXPECTED.amd64,
});

/** Subject digest → descriptors of what refers to it. */
export const referrers = mapOf<Digest, readonly Descriptor[]>(parseDigest, parseDescriptors, {
  key: EXPECTED.digest,
  value: EXPECTED.descriptors,
});

/** What every version has. */
export const common = {
  type: v.optional(v.string("a string")),
  repository: v.string("a string"),
  "repo-registry-id": parsed(parseRepositoryName, "a repository name"),
  url: parsed(parseContentUrl, "an absolute http or https URL without a query"),
  protected: v.optional(v.boolean("true or false"), false),
  ...aboutFields,
};

/** A file with these fields; of a missing one it says what the field's own schema says of a wrong one. */
export function redirectFile<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, (issue) => {
    const missing = entries[String(issue.path?.[0]?.key)];
    return missing !== undefined && "message" in missing ? String(missing.message) : "an object";
  });
}

/** What every version comes to, as its schema gives it. */
interface CommonFile<Version> extends AboutFile {
  readonly version: Version;
  readonly repository: string;
  readonly "repo-registry-id": RepositoryName;
  readonly url: string;
  readonly protected: boolean;
}

/** What the versions of the v2 API say beside that. */
interface Known {
  readonly manifests: V2Repository["manifests"];
  readonly amd64?: V2Repository["amd64"];
  readonly referrers?: V2Repository["referrers"];
}

/** One literal, whose shape all repositories share: a spread would cost each of them a second block of memory. */
export function v2Repository(file: CommonFile<V2Repository["version"]>, known: Known): V2Repository {
  return {
    api: "v2",
    version: file.version,
    name: file["repo-registry-id"],
    repository: file.repository,
    url: file.url,
    isProtected: file.protected,
    about: aboutOf(file),
    manifests: known.manifests,
    amd64: known.amd64 ?? NO_MAP,
    referrers: known.referrers ?? NO_MAP,
  };
}
