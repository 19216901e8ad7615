/** Reads the blobs, children and subject that a manifest of a version 6 file names. */
import { kindOf } from "../media-types.ts";
import { type Digest, parseDigest } from "../reference.ts";
import { isPlainObject, type JsonObject, objectsIn } from "./json-value.ts";

/** A descriptor in an index. */
export interface Child {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number | undefined;
  /** `linux/arm64/v8`, or undefined where the index gives none. */
  readonly platform: string | undefined;
}

/** The parts that a manifest names. */
export interface ManifestContent {
  readonly subject: Digest | undefined;
  /** The artifact type that the referrers API gives. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly children: readonly Child[];
  /** Configuration and layers; a size that the manifest does not give is undefined. */
  readonly blobs: readonly (readonly [Digest, number | undefined])[];
}

const nonEmpty = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const digestIn = (value: unknown): Digest | undefined => (typeof value === "string" ? parseDigest(value) : undefined);

const sizeIn = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

function annotationsIn(value: unknown): Readonly<Record<string, string>> | undefined {
  const isOfStrings = (object: JsonObject): object is Record<string, string> =>
    Object.values(object).every((each) => typeof each === "string");
  return isPlainObject(value) && isOfStrings(value) ? value : undefined;
}

function platformIn(value: unknown): string | undefined {
  if (!isPlainObject(value)) return undefined;
  const parts = [value["os"], value["architecture"], value["variant"]].filter((part) => nonEmpty(part) !== undefined);
  return parts.length === 0 ? undefined : parts.join("/");
}

function childOf(child: JsonObject): readonly Child[] {
  const digest = digestIn(child["digest"]);
  if (digest === undefined) return [];
  const mediaType = nonEmpty(child["mediaType"]) ?? "";
  return [{ digest, mediaType, size: sizeIn(child["size"]), platform: platformIn(child["platform"]) }];
}

function blobsIn({ config, layers, blobs, fsLayers }: JsonObject): ManifestContent["blobs"] {
  const listed: (readonly [Digest, number | undefined])[] = [];
  const add = (descriptor: unknown): void => {
    const digest = isPlainObject(descriptor) ? digestIn(descriptor["digest"]) : undefined;
    if (isPlainObject(descriptor) && digest !== undefined) listed.push([digest, sizeIn(descriptor["size"])]);
  };
  add(config);
  for (const list of [layers, blobs]) if (Array.isArray(list)) list.forEach(add);
  for (const each of objectsIn(fsLayers)) {
    const digest = digestIn(each["blobSum"]);
    if (digest !== undefined) listed.push([digest, undefined]);
  }
  return listed;
}

/** @returns false for what an index lists beside manifests, such as the layers of a BuildKit cache */
export const isManifestType = (mediaType: string): boolean =>
  mediaType === "" || kindOf(mediaType) !== undefined || mediaType === "application/vnd.oci.artifact.manifest.v1+json";

/** Reads what a manifest names. Fields of a wrong type count as absent, as they do for other tools. */
export function contentOf(manifest: JsonObject): ManifestContent {
  const { subject, artifactType, config, annotations, manifests } = manifest;
  return {
    subject: isPlainObject(subject) ? digestIn(subject["digest"]) : undefined,
    artifactType: nonEmpty(artifactType) ?? (isPlainObject(config) ? nonEmpty(config["mediaType"]) : undefined),
    annotations: annotationsIn(annotations),
    children: objectsIn(manifests).flatMap(childOf),
    blobs: blobsIn(manifest),
  };
}
