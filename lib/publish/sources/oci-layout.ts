import * as v from "valibot";
import { mediaTypeOf } from "../../core/manifest.ts";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import type { Digest } from "../../core/reference.ts";
import { digestField, fields, listOf, optional, readJson, sizeField } from "../json-file.ts";
import { broken } from "../publish-error.ts";
import type { Bundle } from "./bundle.ts";
import { compressorIn, digestOf } from "./compressing.ts";
import { MANIFEST_FILE } from "./docker-archive.ts";
import { type Descriptor, kindOfType, platformField, readManifest, typeField } from "./manifest.ts";
import { platformText } from "./platforms.ts";
import { fileOfBytes, readSmall, verified } from "./reading.ts";
import { partsOf } from "./selection.ts";
import type { Source, SourceContext, SourceFile, SourceImage } from "./source.ts";

const LAYOUT_FILE = "oci-layout";
const INDEX_FILE = "index.json";

/** A layout may hold the images of years. Bytes. */
const MAX_INDEX = 64 * 1024 * 1024;

/** The names that tools give an image in `index.json`; the whole name says more than the tag. */
const NAME_ANNOTATIONS = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

const text = v.string("a string");

const layoutVersion = fields({
  imageLayoutVersion: v.custom<string>((value) => value === "1.0.0", "the version 1.0.0"),
});

const index = fields({
  manifests: listOf(
    fields({
      mediaType: typeField,
      digest: digestField,
      size: sizeField,
      annotations: optional(v.record(text, v.nullish(text, ""), "an object of strings")),
      platform: platformField,
    }),
    "an array of descriptors",
  ),
});

/** An image as `index.json` lists it. */
export type IndexEntry = v.InferOutput<typeof index>["manifests"][number];

/** Layers without compression, and the types of compressed ones. */
const COMPRESSED_TYPE: Readonly<Record<string, string>> = {
  "application/vnd.oci.image.layer.v1.tar": "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

const withLayers = v.looseObject({ layers: v.array(v.looseObject({ mediaType: typeField, digest: digestField })) });

async function readFile<Schema extends v.GenericSchema>(
  bundle: Bundle,
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const file = await bundle.open(path);
  if (file === undefined) throw broken(`${bundle.name}: ${path}`, "", "a file", "nothing");
  return readJson(schema, await readSmall(file.name, file.read(), MAX_INDEX), file.name);
}

/** Whether these files are an OCI image layout, whole or not. */
export const isLayout = async (bundle: Bundle): Promise<boolean> =>
  (await bundle.open(LAYOUT_FILE)) !== undefined || (await bundle.open(INDEX_FILE)) !== undefined;

/** Opens a blob of a layout. */
export const blobIn = (bundle: Bundle, digest: Digest): Promise<SourceFile | undefined> =>
  bundle.open(`blobs/${digest.replace(":", "/")}`);

/** Reads what a layout holds. @throws {PublishError} naming the file, the field and what was expected there */
export async function readIndex(bundle: Bundle): Promise<readonly IndexEntry[]> {
  await readFile(bundle, LAYOUT_FILE, layoutVersion);
  return (await readFile(bundle, INDEX_FILE, index)).manifests;
}

function nameOf({ annotations = {} }: IndexEntry): string {
  const names = NAME_ANNOTATIONS.flatMap((key) => annotations[key] || []);
  return names.find((name) => partsOf(name).tag !== "") ?? names[0] ?? "";
}

/** The annotations of an image, but for its names. */
function ownAnnotations({ annotations = {} }: IndexEntry): IndexEntry["annotations"] {
  const own = Object.entries(annotations).filter(([key]) => !NAME_ANNOTATIONS.includes(key));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** The kinds of manifests that `cosign save` writes beside an image, and the endings of their tags. @see cosign, "pkg/oci/layout" */
const COSIGN_SUFFIX: Readonly<Record<string, string>> = {
  "dev.cosignproject.cosign/sigs": "sig",
  "dev.cosignproject.cosign/atts": "att",
  "dev.cosignproject.cosign/sboms": "sbom",
};

const cosignSuffix = ({ annotations = {} }: IndexEntry): string | undefined => COSIGN_SUFFIX[annotations["kind"] ?? ""];

const isImage = ({ platform }: IndexEntry): boolean => platform?.os !== "unknown";

/** Entries that are one image together: of one name, each for another platform, and BuildKit's attestations of these. */
function isOneImage(entries: readonly IndexEntry[]): boolean {
  const images = entries.filter(isImage);
  const platforms = new Set(
    images.flatMap(({ platform }) =>
      platform === undefined ? [] : `${platformText(platform)} ${platform["os.version"] ?? ""}`,
    ),
  );
  return entries.length > 1 && images.length > 0 && platforms.size === images.length;
}

/** The name of each entry, with those that belong together under it. */
function groupsOf(
  entries: readonly IndexEntry[],
): readonly (readonly [name: string, entries: readonly IndexEntry[]])[] {
  const groups: [string, readonly IndexEntry[]][] = [];
  let signed: IndexEntry | undefined;
  const byName = Map.groupBy(
    entries.filter((entry) => cosignSuffix(entry) === undefined),
    nameOf,
  );
  // Beside images with names, those without are parts of them as a rule.
  const whole = new Map([...byName].filter(([name, each]) => (name !== "" || byName.size === 1) && isOneImage(each)));
  for (const entry of entries) {
    const suffix = cosignSuffix(entry);
    const name = nameOf(entry);
    if (suffix === undefined) {
      signed = entry;
      const same = whole.get(name);
      if (same === undefined) groups.push([name, [entry]]);
      else if (same[0] === entry) groups.push([name, same]);
      continue;
    }
    const subject = byName.get(name)?.[0] ?? signed;
    groups.push([subject === undefined ? "" : `${subject.digest.replace(":", "-")}.${suffix}`, [entry]]);
  }
  return groups;
}

interface LayoutOptions {
  /** Uncompressed layers stay what they are. */
  readonly keepLayers: boolean;
}

/**
 * An OCI image layout: what `skopeo copy … oci:` writes, and `docker save` since Docker 25.
 *
 * @throws {PublishError} naming the file, the field and what was expected there
 * @see OCI image-spec 1.1 "Image Layout Specification"
 */
export async function ociLayout(
  bundle: Bundle,
  context: SourceContext,
  { keepLayers }: LayoutOptions,
): Promise<Source> {
  const entries = await readIndex(bundle);
  const mayCompress = !keepLayers && (await bundle.open(MANIFEST_FILE)) !== undefined;
  const made = new Map<Digest, SourceFile>();
  const smaller = new Map<Digest, Descriptor>();
  const compressor = compressorIn(context);

  function make(mediaType: string, content: object, about: string): Descriptor {
    const bytes = Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    made.set(digest, fileOfBytes(`${bundle.name}: ${about}`, bytes));
    return { mediaType, digest, size: bytes.length };
  }

  /** The image with its layers compressed; the same where they are already, or `docker save` did not write it. */
  async function compressed(root: Descriptor): Promise<Descriptor> {
    const kind = kindOfType(root.mediaType);
    if (!mayCompress || (kind !== "oci" && kind !== "2")) return root;
    const known = smaller.get(root.digest);
    if (known !== undefined) return known;
    const file = await blobIn(bundle, root.digest);
    if (file === undefined) return root;
    const bytes = await readSmall(file.name, verified(file, root));
    const manifest = readManifest(kind, root.digest, bytes, file.name);
    if (!manifest.layers.some(({ mediaType }) => mediaType in COMPRESSED_TYPE)) return root;
    const content = readJson(withLayers, bytes, file.name);
    const layers: object[] = [];
    for (const layer of content.layers) {
      const mediaType = COMPRESSED_TYPE[layer.mediaType];
      const blob = mediaType === undefined ? undefined : await blobIn(bundle, layer.digest);
      // An uncompressed layer has the digest of its tar.
      if (blob === undefined) layers.push(layer);
      else layers.push({ ...layer, mediaType, ...(await compressor.compress(blob, layer.digest)) });
    }
    const image = make(root.mediaType, { ...content, layers }, `${root.digest}, compressed`);
    const how = `published as ${image.digest} with compressed ones (--keep-layers keeps them)`;
    context.warn(`${bundle.name}: the layers of ${root.digest} are not compressed: ${how}`);
    smaller.set(root.digest, image);
    return image;
  }

  /** Finds out the media type of an entry without one. */
  async function typed(descriptor: IndexEntry): Promise<Descriptor> {
    const file = descriptor.mediaType === "" ? await blobIn(bundle, descriptor.digest) : undefined;
    if (file === undefined) return descriptor;
    return { ...descriptor, mediaType: mediaTypeOf(await readSmall(file.name, file.read())) };
  }

  async function indexOf(name: string, parts: readonly IndexEntry[]): Promise<Descriptor> {
    const manifests = await Promise.all(parts.map((each) => typed({ ...each, annotations: ownAnnotations(each) })));
    const root = make(
      MEDIA_TYPE.index,
      { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests },
      `the index of ${name}`,
    );
    const platforms = `${parts.filter(isImage).length} platforms of ${name === "" ? "an image without a name" : name}`;
    context.warn(`${bundle.name}: ${INDEX_FILE} lists ${platforms}: published as the index ${root.digest}`);
    return root;
  }

  return {
    name: bundle.name,
    async *images() {
      for (const [name, [entry, ...others]] of groupsOf(entries)) {
        if (entry === undefined) continue;
        const root =
          others.length > 0
            ? () => indexOf(name, [entry, ...others])
            : async () => await compressed(await typed({ ...entry, annotations: undefined }));
        const digest = others.length > 0 ? undefined : entry.digest;
        const image: SourceImage = { names: name === "" ? [] : [name], digest, root };
        yield image;
      }
    },
    open: async ({ digest }) => made.get(digest) ?? (await blobIn(bundle, digest)) ?? (await compressor.open(digest)),
    has: async ({ digest }) =>
      made.has(digest) ||
      (await blobIn(bundle, digest)) !== undefined ||
      [...context.compressed.values()].some((each) => each.digest === digest),
    close: bundle.close,
  };
}
