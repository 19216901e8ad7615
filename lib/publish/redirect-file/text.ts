/** The text of redirect files: the same bytes for the same content. */
import * as v from "valibot";
import type { ImageId, RepositoryName, Tag } from "../../core/reference.ts";

/** The fields that every redirect file has. */
export interface Identity {
  readonly name: RepositoryName;
  /** The directory of the content, and the name of the file. */
  readonly repository: string;
  /** URL of that directory, with a final slash. */
  readonly url: string;
  readonly isProtected: boolean;
}

/** Fields that people or other programs added, such as a description, with their JSON. */
export type OtherFields = readonly (readonly [name: string, json: string])[];

/** Fields that publishing writes itself, in a file of any version. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "version",
  "repository",
  "repo-registry-id",
  "url",
  "protected",
  "schema1_data",
  "schema2_data",
  "manifest_list_data",
  "manifest_list_amd64_tags",
  "oci_manifest_data",
  "oci_index_data",
  "referrers",
  "images",
  "blobs",
  "manifests",
  "configs",
  "tags",
]);

const anyObject = v.record(v.string(), v.unknown());

/** Returns the fields that a rewritten redirect file keeps. @param bytes of a good one */
export function otherFields(bytes: Uint8Array): OtherFields {
  const fields = Object.entries(v.parse(anyObject, JSON.parse(new TextDecoder().decode(bytes))));
  return fields.filter(([name]) => !OWN_FIELDS.has(name)).map(([name, value]) => [name, JSON.stringify(value)]);
}

/** ASCII order, which is the order by code units. */
export const inOrder = <Key extends string, Value>(
  entries: Iterable<readonly [Key, Value]>,
): readonly (readonly [Key, Value])[] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** An object whose keys are in this very order: a JavaScript object would put keys that look like numbers first. */
export const object = (entries: Iterable<readonly [string, string]>, indent: string): string => {
  const lines = [...entries].map(([key, text]) => `${indent}  ${JSON.stringify(key)}: ${text}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
};

export const array = (items: readonly string[], indent: string): string =>
  items.length === 0 ? "[]" : `[\n${items.map((item) => `${indent}  ${item}`).join(",\n")}\n${indent}]`;

export const sortedList = (references: Iterable<string>): string =>
  array(
    [...references].sort().map((each) => JSON.stringify(each)),
    "  ",
  );

export const head = (
  { name, repository, url, isProtected }: Identity,
  version: number,
): readonly (readonly [string, string])[] => [
  ["type", '"pulp-docker-redirect"'],
  ["version", String(version)],
  ["repository", JSON.stringify(repository)],
  ["repo-registry-id", JSON.stringify(name)],
  ["url", JSON.stringify(url)],
  ["protected", String(isProtected)],
];

export const encode = (entries: Iterable<readonly [string, string]>): Uint8Array =>
  new TextEncoder().encode(`${object(entries, "")}\n`);

/** The bytes of a version 1 file. @param others as above */
export function version1(
  identity: Identity,
  images: Iterable<ImageId>,
  tags: ReadonlyMap<Tag, ImageId>,
  others: OtherFields = [],
): Uint8Array {
  const ids = [...images].sort().map((id) => JSON.stringify({ id }));
  const tagEntries = inOrder(tags).map(([tag, id]) => [tag, JSON.stringify(id)] as const);
  return encode([...head(identity, 1), ["images", array(ids, "  ")], ["tags", object(tagEntries, "  ")], ...others]);
}
