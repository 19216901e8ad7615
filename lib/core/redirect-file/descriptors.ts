/** The descriptors of a version 6 file, and the checks of the data that they carry. */
import * as v from "valibot";
import { type Algorithm, digestOfBytes, digestOfManifest } from "../manifest.ts";
import { type Digest, parseDigest } from "../reference.ts";
import { MAX_FAULTS, show } from "./fault.ts";
import { JSON_SCHEMA, pathTo } from "./fields.ts";
import { isPlainObject } from "./json-value.ts";
import { contentOf, type ManifestContent } from "./manifest-content.ts";
import type { StoredManifest } from "./whole-table.ts";

const MEDIA_TYPE_PATTERN = "^[a-zA-Z0-9][\\w!#$&^.+-]{0,126}/[a-zA-Z0-9][\\w!#$&^.+-]{0,126}$";
const MEDIA_TYPE = new RegExp(MEDIA_TYPE_PATTERN);
const MANIFESTS =
  "All manifests as OCI descriptors; data has a manifest's bytes, and may be absent from one that is too large to carry.";
const CONFIGS = "Small blobs that craned sends itself, such as image configs: OCI descriptors with data.";
const ALGORITHMS: readonly Algorithm[] = ["sha256", "sha512"];

/** A descriptor, with what its `data` names. */
export interface ReadManifest extends StoredManifest {
  readonly content: ManifestContent | undefined;
}

/** The fault of a descriptor: of one of its fields, or (without a field) of all of it. */
interface DescriptorFault {
  readonly field: string | undefined;
  readonly expected: string;
  readonly input: unknown;
}

const isFault = (read: ReadManifest | DescriptorFault): read is DescriptorFault => "expected" in read;

/** Decodes base64, padded and of the standard alphabet. */
function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** @param holds what the data is: a manifest, whose content is read, or a config */
function readDescriptor(descriptor: unknown, holds: "manifest" | "config"): ReadManifest | DescriptorFault {
  const fault = (field: string | undefined, expected: string, input: unknown) => ({ field, expected, input });
  if (!isPlainObject(descriptor)) return fault(undefined, "a descriptor", descriptor);
  const { mediaType, digest: digestText, size, data } = descriptor;
  if (typeof mediaType !== "string" || !MEDIA_TYPE.test(mediaType))
    return fault("mediaType", "a media type", mediaType);
  const digest = typeof digestText === "string" ? parseDigest(digestText) : undefined;
  const algorithm = ALGORITHMS.find((each) => digest?.startsWith(each) && digest[each.length] === ":");
  if (digest === undefined || algorithm === undefined) return fault("digest", "a sha256 or sha512 digest", digestText);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    return fault("size", "a size in bytes", size);
  if (data === undefined && holds === "manifest") {
    return { digest, mediaType, size, bytes: undefined, content: undefined };
  }
  const bytes = typeof data === "string" ? decode(data) : undefined;
  if (bytes === undefined) return fault("data", "base64", data);
  if (bytes.length !== size) return fault("size", `${bytes.length}, the size of data`, size);
  const actual = holds === "manifest" ? digestOfManifest(bytes, mediaType, algorithm) : digestOfBytes(bytes, algorithm);
  if (actual !== digest) return fault("digest", `${actual}, the digest of data`, digest);
  if (holds === "config") return { digest, mediaType, size, bytes, content: undefined };
  const manifest = parseJson(bytes);
  if (!isPlainObject(manifest)) return fault("data", "a JSON object in base64", data);
  const { mediaType: inside } = manifest;
  if (typeof inside === "string" && inside !== "" && inside !== mediaType) {
    return fault("mediaType", `the mediaType in data, ${show(inside)}`, mediaType);
  }
  return { digest, mediaType, size, bytes, content: contentOf(manifest) };
}

/** Descriptors whose `data` is checked. A manifest may be without, a config may not. */
export function descriptors(holds: "manifest" | "config") {
  return v.pipe(
    v.custom<readonly unknown[]>(Array.isArray, "an array of descriptors"),
    v.rawTransform<readonly unknown[], readonly ReadManifest[]>(({ dataset, addIssue, NEVER }) => {
      const known = new Map<Digest, ReadManifest>();
      let faults = 0;
      for (let at = 0; at < dataset.value.length && faults < MAX_FAULTS; at++) {
        const descriptor = dataset.value[at];
        const read = readDescriptor(descriptor, holds);
        if (!isFault(read) && !known.has(read.digest)) {
          known.set(read.digest, read);
          continue;
        }
        faults++;
        const path = pathTo(dataset.value, at);
        const { field, expected, input } = isFault(read)
          ? read
          : { field: "digest", expected: "each digest once", input: read.digest };
        if (field === undefined) addIssue({ message: expected, input, path });
        else addIssue({ message: expected, input, path: [...path, ...pathTo(descriptor, field)] });
      }
      return faults === 0 ? [...known.values()] : NEVER;
    }),
    v.metadata({
      description: holds === "manifest" ? MANIFESTS : CONFIGS,
      type: "array",
      items: {
        type: "object",
        required: ["mediaType", "digest", "size", ...(holds === "config" ? ["data"] : [])],
        properties: {
          mediaType: { type: "string", pattern: MEDIA_TYPE_PATTERN },
          digest: { ...JSON_SCHEMA.digest, pattern: "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$" },
          size: { type: "integer", minimum: 0 },
          data: { type: "string", contentEncoding: "base64" },
        },
      },
    }),
  );
}
