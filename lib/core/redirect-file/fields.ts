/** The fields that several versions share, as Valibot schemas. */
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
import { isPlainObject, isShallow, MAX_DEPTH } from "./json-value.ts";
import {
  type Amd64Manifest,
  type Built,
  type Descriptor,
  NO_MAP,
  type TreeRepository,
  type V1Image,
} from "./repository.ts";

// A Location header is made of it: nothing may pass that ends a line or starts a query.
const PLAIN_URL = /^https?:\/\/(?!\/)[^\s\u0000-\u0020\u007f"<>\\^`{|}?#]+$/i;
const ASCII = /^[\u0021-\u007e]+$/;

/** What messages call each kind of value. */
export const EXPECTED = {
  amd64: "a digest and its schema version, 1 or 2",
  descriptors: `an array of descriptors, at most ${MAX_DEPTH} levels deep`,
  digest: "a digest",
  image: `an object with an id, at most ${MAX_DEPTH} levels deep`,
  imageId: "an image id of 64 lower-case hexadecimal digits",
  name: "a repository name",
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
export function parsed<Output extends string>(parse: (text: string) => Output | undefined, expected: string) {
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

/** The path of an issue below the value that is read. */
export const pathTo = (input: unknown, key: string | number): [v.UnknownPathItem, ...v.UnknownPathItem[]] => [
  { type: "unknown", origin: "value", input, key, value: undefined },
];

/**
 * An object read as a map. Every own key counts, `constructor` and `__proto__` too: they may be tags.
 *
 * @param expected what a key and a value should have been; without one for keys, those that can't be parsed are left out
 */
export function mapOf<Key extends string, Value>(
  parseKey: (text: string) => Key | undefined,
  parseValue: (value: unknown) => Value | undefined,
  expected: { readonly key: string | undefined; readonly value: string },
) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, "an object"),
    v.rawTransform<Record<string, unknown>, ReadonlyMap<Key, Value>>(({ dataset, addIssue, NEVER }) => {
      const map = new Map<Key, Value>();
      let faults = 0;
      for (const key of Object.keys(dataset.value)) {
        const value = dataset.value[key];
        const parsedKey = parseKey(key);
        if (parsedKey === undefined && expected.key === undefined) continue;
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

/** Tag → image id, without the tags that no client can ask for. */
export const imageTags = mapOf<Tag, ImageId>(parseTag, imageIdOf, { key: undefined, value: EXPECTED.imageId });

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

/** The fields of every version. */
export const common = {
  $schema: v.optional(v.string("a string")),
  type: v.optional(v.string("a string")),
  repository: v.string("a string"),
  "repo-registry-id": parsed(parseRepositoryName, EXPECTED.name),
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

/** The shared fields, as their schemas give them. */
export interface CommonFile<Version> extends AboutFile {
  readonly version: Version;
  readonly repository: string;
  readonly "repo-registry-id": RepositoryName;
  readonly url: string;
  readonly protected: boolean;
}

/** What the versions of the v2 API add to the shared fields. */
interface Known {
  readonly manifests: TreeRepository["manifests"];
  readonly amd64?: TreeRepository["amd64"];
  readonly referrers?: TreeRepository["referrers"];
}

/** Builds the repository of a version 2, 3, 4 or 5 file. */
export function treeFile(file: CommonFile<TreeRepository["version"]>, known: Known): Built {
  // One literal, whose shape all repositories share: a spread would cost each of them a second block of memory.
  const repository: TreeRepository = {
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
  return { repository, warnings: [] };
}
