import * as v from "valibot";

/** Fields of a redirect file that people or other programs added, as a description, with their JSON. */
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
  "tags",
]);

const anyObject = v.record(v.string(), v.unknown());

/** What stays in a redirect file that is written anew. @param bytes of one that is good */
export function otherFields(bytes: Uint8Array): OtherFields {
  const fields = Object.entries(v.parse(anyObject, JSON.parse(new TextDecoder().decode(bytes))));
  return fields.filter(([name]) => !OWN_FIELDS.has(name)).map(([name, value]) => [name, JSON.stringify(value)]);
}
