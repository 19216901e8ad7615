/** Files of version 6 read once more from their page: whether they are sound, and what they say. */
import { createHash } from "node:crypto";
import { parseAccept } from "../../../lib/core/media-types.ts";
import type { WholeRepository } from "../../../lib/core/redirect-file/repository.ts";
import { parseDigest, parseReference } from "../../../lib/core/reference.ts";
import { referrersOf, resolveBlob, resolveManifest, tagsOf } from "../../../lib/core/resolve.ts";
import { type NaiveWhole, naiveBlob, naivelyResolveWhole, naiveReferrers } from "../../core/naive-whole.ts";

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const ACCEPTS = [
  undefined,
  "*/*",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json;q=0.5, application/vnd.docker.distribution.manifest.v2+json",
];

/** A byte order mark in front is passed over. */
const parsed = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isDescriptor = (value: unknown): boolean =>
  isObject(value) &&
  typeof value["mediaType"] === "string" &&
  DIGEST.test(String(value["digest"])) &&
  Number.isSafeInteger(value["size"]) &&
  Number(value["size"]) >= 0;

function faultOfDescriptor(each: unknown, isConfig: boolean): string | undefined {
  if (!isDescriptor(each) || !isObject(each)) return "a descriptor that is none";
  const { mediaType, digest, size, data } = each;
  if (data === undefined) return isConfig ? "a config without data" : undefined;
  const bytes = Buffer.from(String(data), "base64");
  const [algorithm = ""] = String(digest).split(":");
  if (bytes.length !== size) return "a wrong size";
  const isRight = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` === digest;
  if (!isRight && mediaType !== SIGNED) return "a wrong digest";
  if (isConfig) return undefined;
  const content = parsed(bytes);
  if (!isObject(content)) return "a manifest that is no object";
  const { mediaType: inside } = content;
  return typeof inside === "string" && inside !== "" && inside !== mediaType ? "two media types" : undefined;
}

/** What should have kept a file from being taken. */
function faultOf(file: Json): string | undefined {
  const { manifests, configs = [], tags, blobs = "{hex}" } = file;
  if (!Array.isArray(manifests) || !Array.isArray(configs) || !isObject(tags)) return "fields of other types";
  const digests = manifests.map((each: Json) => each["digest"]);
  if (new Set(digests).size < digests.length) return "a digest twice";
  const meant = Object.values(tags).flat();
  if (meant.some((each) => !digests.includes(each))) return "a tag of an unknown manifest";
  if (!/\{(?:digest|hex)\}/.test(String(blobs))) return "a template without a digest";
  return (
    manifests.map((each) => faultOfDescriptor(each, false)).find((fault) => fault !== undefined) ??
    configs.map((each) => faultOfDescriptor(each, true)).find((fault) => fault !== undefined)
  );
}

/** Whether all that a manifest names is named as it should be; the naive reader understands no other. */
function isPlainManifest({ data }: NaiveWhole["manifests"][number]): boolean {
  if (data === undefined) return true;
  const {
    config,
    layers = [],
    manifests = [],
    fsLayers = [],
    subject,
  } = JSON.parse(Buffer.from(data, "base64").toString());
  const lists = [layers, manifests, [config, subject].filter((each) => each !== undefined)];
  return (
    lists.every((list) => Array.isArray(list) && list.every(isDescriptor)) &&
    Array.isArray(fsLayers) &&
    fsLayers.every((each) => isObject(each) && DIGEST.test(String(each["blobSum"])))
  );
}

function filled(template: string, digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return template
    .replaceAll("{digest}", digest)
    .replaceAll("{algorithm}", algorithm)
    .replaceAll("{hex}", hex)
    .replaceAll("{hex:2}", hex.slice(0, 2));
}

function blobDifference(repository: WholeRepository, file: NaiveWhole & Json, text: string): string | undefined {
  const digest = parseDigest(text);
  if (digest === undefined) return `the digest ${text}`;
  const found = resolveBlob(repository, digest);
  const size = naiveBlob(file, text);
  const isEmbedded = file.configs?.some((each) => each.digest === text) === true;
  const expected = isEmbedded ? "bytes" : size === undefined ? "unknown" : "path";
  if (found.kind !== expected) return `the blob ${text}: ${found.kind}, expected ${expected}`;
  const path = filled(String(file["blobs"] ?? "blobs/{algorithm}/{hex}"), text);
  if (/[^!-~]|(?:^|\/)\.{0,2}(?:\/|$)/.test(path.replace(/^https?:\/\//, ""))) return `the path ${path}`;
  return found.kind === "path" && (found.path !== path || (found.size ?? -1) !== size)
    ? `the blob ${text} is at ${found.path} of ${found.size} bytes`
    : undefined;
}

/** What a file of version 6 was taken to say, held to its own JSON. */
export function wholeDifference(repository: WholeRepository, json: Json): string | undefined {
  const fault = faultOf(json);
  if (fault !== undefined) return `taken in spite of ${fault}`;
  const file = json as Json & NaiveWhole;
  const tags = Object.keys(file.tags).sort();
  const { sorted, count } = tagsOf(repository) ?? { sorted: [], count: 0 };
  if (JSON.stringify(sorted.slice(0, count)) !== JSON.stringify(tags)) return "the tags";
  const digests = file.manifests.map(({ digest }) => digest);
  for (const text of [...tags, ...digests, "none", "__proto__"]) {
    const reference = parseReference(text);
    if (reference === undefined) return `the reference ${text}`;
    for (const accept of ACCEPTS) {
      const found = resolveManifest(repository, reference, parseAccept(accept));
      const digest = found.kind === "manifest" ? found.manifest.digest : undefined;
      if (digest !== naivelyResolveWhole(file, text, accept)) return `${text} is ${digest}`;
    }
  }
  if (!file.manifests.every(isPlainManifest)) return undefined;
  const named = JSON.stringify(json).match(/sha256:[0-9a-f]{64}(?=")/g) ?? [];
  for (const text of new Set([...digests, ...named, `sha256:${"1".repeat(64)}`])) {
    const wrong = blobDifference(repository, file, text);
    if (wrong !== undefined) return wrong;
    const digest = parseDigest(text);
    const referrers = digest && referrersOf(repository, digest);
    if (JSON.stringify(referrers) !== JSON.stringify(naiveReferrers(file, text))) return `the referrers of ${text}`;
  }
  return undefined;
}
