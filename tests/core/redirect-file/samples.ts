/** Redirect files to try things on, and what is said of them. */
import { describeFault } from "../../../lib/core/redirect-file/fault.ts";
import { type ParsedFile, parseRedirectFile } from "../../../lib/core/redirect-file/parse.ts";
import type { Repository } from "../../../lib/core/redirect-file/repository.ts";
import { descriptorOf, digest, OCI, redirectFile } from "../../harness/redirect-files.ts";

export const ID = "0123456789abcdef".repeat(4);
export const bytesOf = (text: string) => new TextEncoder().encode(text);
export const parseText = (text: string): ParsedFile => parseRedirectFile(bytesOf(text));
export const parseJson = (file: unknown): ParsedFile => parseText(JSON.stringify(file));

export function repositoryOf(parsed: ParsedFile): Repository {
  if (!parsed.ok) throw new Error(parsed.faults.map(describeFault).join("; "));
  return parsed.repository;
}

export const faultsOf = (parsed: ParsedFile): readonly string[] => (parsed.ok ? [] : parsed.faults.map(describeFault));

export type Fields = Readonly<Record<string, unknown>>;

const sound = (version: number, fields: Fields): Fields =>
  redirectFile(version, "team/app", { url: "https://cdn.example.com/app/", ...fields });

const CONFIG = descriptorOf("application/vnd.oci.image.config.v1+json", { architecture: "amd64", os: "linux" });
const MANIFEST = descriptorOf(OCI, {
  schemaVersion: 2,
  mediaType: OCI,
  config: { mediaType: CONFIG.mediaType, digest: CONFIG.digest, size: CONFIG.size },
  layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digest("1"), size: 10 }],
});

/** A sound file of each version with every field that it may have. */
export const SOUND: Readonly<Record<string, Fields>> = {
  "1": sound(1, { images: [{ id: ID, size: 3 }], tags: { latest: ID } }),
  "2": sound(2, {}),
  "3": sound(3, { schema2_data: ["latest", digest("a")] }),
  "4": sound(4, {
    schema2_data: ["latest"],
    manifest_list_data: ["latest"],
    manifest_list_amd64_tags: { latest: [digest("a"), 2] },
  }),
  "5": sound(5, {
    type: "pulp-docker-redirect",
    protected: true,
    schema1_data: ["one"],
    schema2_data: ["latest", digest("a")],
    manifest_list_data: ["latest"],
    manifest_list_amd64_tags: { latest: [digest("a"), 2], map: [digest("b"), 1] },
    oci_manifest_data: ["oci"],
    oci_index_data: ["index"],
    referrers: { [digest("c")]: [{ mediaType: "application/spdx+json", annotations: { a: "b" } }] },
  }),
  "6": sound(6, {
    manifests: [MANIFEST],
    tags: { latest: MANIFEST.digest, "1.0": [MANIFEST.digest] },
    configs: [CONFIG],
    blobs: "blobs/{digest}",
  }),
};

export const soundFile = (version: string): Fields => SOUND[version] ?? {};
export const without = (file: Fields, field: string): Fields =>
  Object.fromEntries(Object.entries(file).filter(([key]) => key !== field));
