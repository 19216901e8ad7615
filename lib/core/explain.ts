/** Explains what a client that asks for a reference receives, and why. */
import type { Locations } from "./location/location.ts";
import type { Accept } from "./media-types.ts";
import type { V1Repository, V2Repository } from "./redirect-file/repository.ts";
import type { Digest, Reference, Tag } from "./reference.ts";
import { blobPath, type Resolution, type Rule, resolveManifest } from "./resolve.ts";

const RULES: Readonly<Record<Rule, string>> = {
  unsplit: "version 2 files do not tell types apart",
  "no-lists": "the file lists no schema 2 manifest and no manifest list, so all are schema 1",
  "blind-list": "the client names the manifest list type, and the reference is in manifest_list_data",
  "blind-amd64": "the tag is in manifest_list_amd64_tags",
  "blind-schema2": "the client names the schema 2 type, and the reference is in schema2_data",
  "blind-schema1": "nothing else fits; the file does not tell whether schema 1 has it",
  digest: "a digest names one manifest, whatever the client accepts",
  tag: "the best of the tag's types that the client accepts",
  "tag-amd64": "the client takes no list, so the list's linux/amd64 manifest",
};

const WHY_NOT: Readonly<Record<Extract<Resolution, { kind: "unknown" }>["why"], string>> = {
  unknown: "the file lists all of its references, and not this one",
  "not-acceptable": "the tag is there, but in no type that the client accepts",
};

/** The answer to a client. */
export type Explanation =
  | { readonly found: false; readonly error: string; readonly reason: string; readonly types?: readonly string[] }
  | {
      readonly found: true;
      readonly rule: string;
      /** URL that the client is redirected to. */
      readonly url?: string;
      /** The manifest, where its redirect file describes it. */
      readonly manifest?: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
    };

/** @returns that a client receives an error */
export const refusal = (error: string, reason: string): Explanation => ({ found: false, error, reason });

/** Explains `/v2/<name>/manifests/<reference>`. */
export function explainV2(
  repository: V2Repository,
  reference: Reference,
  accept: Accept,
  locations: Locations,
): Explanation {
  const { url } = repository;
  const resolution = resolveManifest(repository, reference, accept);
  switch (resolution.kind) {
    case "unknown": {
      const { why, types } = resolution;
      return { found: false, error: "MANIFEST_UNKNOWN", reason: WHY_NOT[why], types };
    }
    case "path":
      return { found: true, rule: RULES[resolution.rule], url: locations.v2(url, resolution.path) };
    case "manifest": {
      const { mediaType, digest, size, bytes } = resolution.manifest;
      const place = bytes === undefined ? { url: locations.v2(url, blobPath(repository, digest)) } : {};
      return { found: true, rule: RULES[resolution.rule], ...place, manifest: { mediaType, digest, size } };
    }
  }
}

/** Explains what a v1 client receives for a tag. */
export function explainV1(repository: V1Repository, reference: Reference, locations: Locations): Explanation {
  const id = repository.tags.get(reference as Tag);
  if (id === undefined) return refusal("not found", "the file has no such tag");
  return { found: true, rule: "the image of the tag", url: locations.v1(repository.url, `${id}/json`) };
}
