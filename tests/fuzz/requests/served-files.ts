/** The redirect files that are served while requests are made up, and what is on disk for them. */
import type { NaiveFile } from "../../core/naive-resolution.ts";
import type { NaiveWhole } from "../../core/naive-whole.ts";
import { descriptorOf, digest, hex, OCI, redirectFile, SCHEMA_2 } from "../../harness/redirect-files.ts";

/** A redirect file, as JSON.parse gives it. */
export interface ServedFile extends NaiveFile {
  readonly repository: string;
  readonly "repo-registry-id": string;
  readonly url: string;
  readonly protected?: boolean;
  readonly referrers?: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  readonly images?: readonly { readonly id: string }[];
  readonly tags?: Readonly<Record<string, string | readonly string[]>>;
  readonly manifests?: NaiveWhole["manifests"];
  readonly configs?: NaiveWhole["manifests"];
}

const file = (name: string, version: number, fields: object): ServedFile => redirectFile(version, name, fields);

const layer = (digit: string) => ({ mediaType: "application/octet-stream", digest: digest(digit), size: 10 });
const CONFIG = descriptorOf("application/vnd.oci.image.config.v1+json", { architecture: "amd64" });
const { data: _, ...config } = CONFIG;
const IMAGE = descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI, config, layers: [layer("a")] });
const SAME_IMAGE = descriptorOf(SCHEMA_2, { schemaVersion: 2, mediaType: SCHEMA_2, config, layers: [layer("b")] });
const SIGNATURE = descriptorOf(OCI, { schemaVersion: 2, config: layer("c"), layers: [], subject: layer("d") });
const BARE = { mediaType: OCI, digest: digest("e"), size: 700 };

/** Digests of the version 6 file: manifests, configs and layers. */
export const WHOLE_DIGESTS = [IMAGE, SAME_IMAGE, SIGNATURE, BARE, CONFIG]
  .map((each) => each.digest)
  .concat(["a", "c", "d"].map(digest));

/** The one that is asked for after every thousandth request. */
export const CONTROL = {
  target: "/v2/control/manifests/1",
  location: "http://cdn.test/control/manifests/2/1",
} as const;

/** By the name of the file. */
export const SERVED: Readonly<Record<string, ServedFile>> = {
  "app.json": file("team/app", 5, {
    schema1_data: ["old", "every", digest("1")],
    schema2_data: ["1.0", "every", digest("2")],
    manifest_list_data: ["multi", "every", digest("3")],
    manifest_list_amd64_tags: { multi: [digest("2"), 2], "multi-old": [digest("7"), 1], constructor: [digest("7"), 1] },
    oci_manifest_data: ["art", "every", digest("4")],
    oci_index_data: ["every", digest("5")],
    referrers: {
      [digest("2")]: [
        { artifactType: "a/sbom", digest: digest("4") },
        { artifactType: "b/sig", digest: digest("8") },
      ],
    },
  }),
  "blind.json": file("blind", 4, {
    schema2_data: ["1.0", "every", digest("2")],
    manifest_list_data: ["every", "multi"],
    manifest_list_amd64_tags: { multi: [digest("2"), 2], every: [digest("7"), 1] },
  }),
  "both-v1.json": file("both", 1, { images: [{ id: hex("a"), Size: 3 }], tags: { "1.0": hex("a") } }),
  "both-v5.json": file("both", 5, { schema2_data: ["1.0"] }),
  "control.json": file("control", 5, { schema2_data: ["1"] }),
  "empty.json": file("constructor", 5, {}),
  "flat.json": file("flat", 2, {}),
  "only-v1.json": file("only/v1", 1, { images: [{ id: hex("b") }, { id: hex("a") }], tags: {} }),
  "proto.json": file("proto", 5, { schema2_data: ["__proto__", "constructor", "toString"] }),
  "secret-v1.json": file("a/secret", 1, { images: [{ id: hex("c") }], tags: { "1.0": hex("c") }, protected: true }),
  "secret-v2.json": file("secret", 5, { schema2_data: ["1.0"], protected: true }),
  "three.json": file("three", 3, { schema2_data: ["1.0", "every"] }),
  "whole.json": file("whole", 6, {
    manifests: [IMAGE, SAME_IMAGE, SIGNATURE, BARE],
    configs: [CONFIG],
    tags: { "1.0": IMAGE.digest, every: [SAME_IMAGE.digest, IMAGE.digest], bare: BARE.digest },
  }),
  "words.json": file("tags/manifests/blobs", 5, { schema2_data: ["tags", "manifests", "list"] }),
};

/** What is on disk where files are served, by path below `v1` and `v2`. */
export const CONTENT: Readonly<Record<string, string>> = {
  "v2/team-app/manifests/2/1.0": '{"schemaVersion":2}',
  [`v2/team-app/blobs/${digest("2")}`]: "a layer of team/app",
  "v2/blind/tags/list": '{"name":"blind","tags":["1.0"]}',
  "v2/control/manifests/2/1": '{"schemaVersion":2,"control":true}',
  [`v1/both/${hex("a")}/json`]: "{}",
  [`v1/both/${hex("a")}/layer`]: "a layer of both",
};
