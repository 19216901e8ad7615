import * as v from "valibot";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import type { Digest } from "../../core/reference.ts";
import { digestField, fields, listOf, optional, readJson } from "../json-file.ts";
import { broken, mismatch } from "../publish-error.ts";
import type { Bundle } from "./bundle.ts";
import { compressorIn, digestOf } from "./compressing.ts";
import { type Descriptor, descriptor } from "./manifest.ts";
import { fileOfBytes, readSmall } from "./reading.ts";
import type { Source, SourceContext, SourceFile } from "./source.ts";

/** The file that `docker save` has written since Docker 1.10. */
export const MANIFEST_FILE = "manifest.json";

/**
 * Layers lie uncompressed in the archive and are published as gzip. Clients would take them as they are, but what is
 * compressed once here would otherwise travel whole to each of them, and gzip is what every client has always read.
 */
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";

const text = v.string("a string");

const manifestFile = v.array(
  fields({
    Config: v.string("a path"),
    RepoTags: listOf(text, "an array of strings"),
    Layers: listOf(text, "an array of strings"),
    /** Layers that clients fetch elsewhere, by the digest of the uncompressed tar. */
    LayerSources: optional(v.record(text, descriptor, "an object of descriptors")),
  }),
  "an array of images",
);

const configFile = fields({
  rootfs: optional(fields({ diff_ids: listOf(digestField, "an array of digests") })),
});

type ArchivedImage = v.InferOutput<typeof manifestFile>[number];

/** Whether these files are what `docker save` writes. */
export const isDockerArchive = async (bundle: Bundle): Promise<boolean> =>
  (await bundle.open(MANIFEST_FILE)) !== undefined;

/**
 * A docker-archive: what `docker save` and `skopeo copy … docker-archive:` write. Images become schema 2.
 *
 * @throws {PublishError} naming the file, the field and what was expected there
 */
export async function dockerArchive(bundle: Bundle, context: SourceContext): Promise<Source> {
  const must = async (path: string): Promise<SourceFile> => {
    const file = await bundle.open(path);
    if (file === undefined) throw broken(`${bundle.name}: ${path}`, "", "a file", "nothing");
    return file;
  };
  const list = await must(MANIFEST_FILE);
  const archived = readJson(manifestFile, await readSmall(list.name, list.read()), list.name);
  const made = new Map<Digest, SourceFile>();
  const compressor = compressorIn(context);

  async function layerOf(path: string, diffId: Digest, elsewhere: Descriptor | undefined): Promise<Descriptor> {
    if (elsewhere !== undefined && (await bundle.open(path)) === undefined) return elsewhere;
    return { mediaType: LAYER_TYPE, ...(await compressor.compress(await must(path), diffId)) };
  }

  async function manifestOf({ Config, Layers, LayerSources }: ArchivedImage): Promise<Descriptor> {
    const file = await must(Config);
    const bytes = await readSmall(file.name, file.read());
    const digest = digestOf(bytes);
    const named = /^(?:.*\/)?([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1];
    if (named !== undefined && digest !== `sha256:${named}`) throw mismatch(file.name, `sha256:${named}`, digest);
    const diffIds = readJson(configFile, bytes, file.name).rootfs?.diff_ids ?? [];
    if (diffIds.length !== Layers.length) {
      throw broken(
        file.name,
        "rootfs.diff_ids",
        `${Layers.length} layers, as in ${MANIFEST_FILE}`,
        `${diffIds.length}`,
      );
    }
    made.set(digest, fileOfBytes(file.name, bytes));
    const layers: Descriptor[] = [];
    for (const [at, diffId] of diffIds.entries()) {
      layers.push(await layerOf(Layers[at] ?? "", diffId, LayerSources?.[diffId]));
    }
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE["2"],
        config: { mediaType: CONFIG_TYPE, size: bytes.length, digest },
        layers: layers.map(({ mediaType, size, digest: each, urls }) => ({ mediaType, size, digest: each, urls })),
      }),
    );
    const root = { mediaType: MEDIA_TYPE["2"], digest: digestOf(manifest), size: manifest.length };
    made.set(root.digest, fileOfBytes(`${bundle.name}: the manifest of ${Config}`, manifest));
    return root;
  }

  return {
    name: bundle.name,
    async *images() {
      for (const image of archived) yield { names: image.RepoTags, root: () => manifestOf(image) };
    },
    open: async ({ digest }) => made.get(digest) ?? (await compressor.open(digest)),
    close: bundle.close,
  };
}
