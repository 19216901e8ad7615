/** The fields that several versions share, as Valibot schemas. */
import * as v from "valibot";
import {
  type Digest,
  type ImageId,
  PATTERN,
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
  NO_MAP,
  type ReferrerDescriptor,
  type TreeRepository,
  type V1Image,
} from "./repository.ts";

// A Location header is made of it: nothing may pass that ends a line or starts a query.
const PLAIN_URL = /^https?:\/\/(?!\/)[^\s\u0000-\u0020\u007f"<>\\^`{|}?#]+$/i;
const ASCII = /^[\u0021-\u007e]+$/;

/** Names of the kinds of values in messages. */
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

/** The JSON Schema of what Valibot can not describe. */
export const JSON_SCHEMA = {
  tag: { type: "string", pattern: PATTERN.tag },
  digest: { type: "string", pattern: PATTERN.digest },
  imageId: { type: "string", pattern: PATTERN.imageId },
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

const parseDescriptors = (value: unknown): readonly ReferrerDescriptor[] | undefined =>
  Array.isArray(value) && value.every(isPlainObject) && isShallow(value) ? value : undefined;

/**
 * Tags and digests; one loop for the whole array, since a file may list a million.
 *
 * @param kind of the manifests, for people
 */
export const references = (kind: string) =>
  v.pipe(
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
    v.metadata({
      description: `Tags and digests of ${kind}.`,
      type: "array",
      items: { anyOf: [JSON_SCHEMA.tag, JSON_SCHEMA.digest] },
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

/** Images, each with the fields that it has beside its id. */
export const images = v.pipe(
  v.array(image, "an array of images"),
  v.metadata({
    description: "All images, layers included. Other keys of an item are passed on.",
    items: { type: "object", required: ["id"], properties: { id: JSON_SCHEMA.imageId } },
  }),
);

/** Tag → image id, without the tags that no client can ask for. */
export const imageTags = v.pipe(
  mapOf<Tag, ImageId>(parseTag, imageIdOf, { key: undefined, value: EXPECTED.imageId }),
  v.metadata({ description: "The image of each tag.", type: "object", additionalProperties: JSON_SCHEMA.imageId }),
);

/** Tag → the linux/amd64 manifest of the list with that tag. */
export const amd64Tags = v.pipe(
  mapOf<Tag, Amd64Manifest>(parseTag, parseAmd64Manifest, { key: EXPECTED.tag, value: EXPECTED.amd64 }),
  v.metadata({
    description:
      "The linux/amd64 manifest of a list, for clients that can't read lists: its digest and schema version.",
    type: "object",
    propertyNames: JSON_SCHEMA.tag,
    additionalProperties: { type: "array", items: [JSON_SCHEMA.digest, { enum: [1, 2] }], minItems: 2, maxItems: 2 },
  }),
);

/** Subject digest → descriptors of what refers to it. */
export const referrers = v.pipe(
  mapOf<Digest, readonly ReferrerDescriptor[]>(parseDigest, parseDescriptors, {
    key: EXPECTED.digest,
    value: EXPECTED.descriptors,
  }),
  v.metadata({
    description: "The OCI 1.1 referrers of each subject, as descriptors.",
    type: "object",
    propertyNames: JSON_SCHEMA.digest,
    additionalProperties: { type: "array", items: { type: "object" } },
  }),
);

/** The fields of every version. */
export const common = {
  $schema: v.optional(v.pipe(v.string("a string"), v.description("For editors."))),
  type: v.optional(v.pipe(v.string("a string"), v.description("pulp-docker-redirect"))),
  repository: v.pipe(
    v.string("a string"),
    v.description("The publisher's own id, and the directory of the content where craned serves it from disk."),
  ),
  "repo-registry-id": v.pipe(
    parsed(parseRepositoryName, EXPECTED.name),
    v.metadata({ description: "The name that clients use, once per API.", pattern: PATTERN.name, maxLength: 255 }),
  ),
  url: v.pipe(
    parsed(parseContentUrl, "an absolute http or https URL without a query"),
    v.metadata({
      description: "Where the content is; a final slash is implied.",
      pattern: "^[hH][tT][tT][pP][sS]?://[^?#]+$",
    }),
  ),
  protected: v.optional(
    v.pipe(
      v.boolean("true or false"),
      v.description("Whether only clients with an entitlement to the path of url may see the repository."),
    ),
    false,
  ),
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

/** The fields of the v2 API beside the shared ones. */
interface TreeFields {
  readonly manifests: TreeRepository["manifests"];
  readonly amd64?: TreeRepository["amd64"];
  readonly referrers?: TreeRepository["referrers"];
}

/** Builds the repository of a version 2, 3, 4 or 5 file. */
export function treeFile(file: CommonFile<TreeRepository["version"]>, known: TreeFields): Built {
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
