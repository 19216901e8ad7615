import { open } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import * as v from "valibot";
import { MEDIA_TYPE } from "../../core/media-types.ts";
import { type Digest, parseDigest } from "../../core/reference.ts";
import type { Bundle } from "./bundle.ts";
import { gzipped } from "./gzip.ts";
import { digestField, fields, readJson } from "../json-file.ts";
import type { Descriptor } from "./manifest.ts";
import { broken, mismatch, PublishError } from "../publish-error.ts";
import { fileOfBytes, hasherFor, readSmall, readWhole, sha256, verified } from "./reading.ts";
import type { Compressed, Source, SourceFile, Workshop } from "./source.ts";
import { writeAll } from "../targets/writing.ts";

const MANIFEST_FILE = "manifest.json";

/**
 * Layers lie uncompressed in the archive and are published as gzip. Clients would take them as they are, but what is
 * compressed once here would otherwise travel whole to each of them, and gzip is what every client has always read.
 */
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";

const texts = v.array(v.string("a string"), "an array of strings");

const manifestFile = v.array(
  fields({ Config: v.string("a path"), RepoTags: v.nullish(texts), Layers: texts }),
  "an array of images",
);

const configFile = fields({
  rootfs: fields({ diff_ids: v.array(digestField, "an array of digests") }),
});

type ArchivedImage = v.InferOutput<typeof manifestFile>[number];

const digestOf = (bytes: Uint8Array): Digest => {
  const digest = parseDigest(`sha256:${sha256(bytes)}`);
  if (digest === undefined) throw new PublishError("a sum is no digest");
  return digest;
};

/** Whether these files are what `docker save` writes. */
export const isDockerArchive = async (bundle: Bundle): Promise<boolean> =>
  (await bundle.open(MANIFEST_FILE)) !== undefined;

async function isGzip(file: SourceFile): Promise<boolean> {
  for await (const chunk of file.read()) return chunk[0] === 0x1f && chunk[1] === 0x8b;
  return false;
}

/** Some tools compress layers before they put them in the archive; what they made is published as it is. */
async function* checkedGzip(file: SourceFile, diffId: Digest): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const hasher = hasherFor(diffId);
  const unpacking = (async () => {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) hasher.update(chunk);
  })();
  // It is waited for at the end; that it fails before is no failure that nobody hears of.
  unpacking.catch(() => {});
  for await (const chunk of file.read()) {
    await new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()));
    yield chunk;
  }
  gunzip.end();
  await unpacking.catch(() => {
    throw broken(file.name, "", "gzip", "other bytes");
  });
  const received = hasher.digest();
  if (received !== diffId) throw mismatch(`${file.name}, uncompressed`, diffId, received);
}

/**
 * A docker-archive: what `docker save` and `skopeo copy … docker-archive:` write. Images become schema 2.
 *
 * @throws {PublishError} naming the file, the field and what was expected there
 */
export async function dockerArchive(bundle: Bundle, workshop: Workshop): Promise<Source> {
  const must = async (path: string): Promise<SourceFile> => {
    const file = await bundle.open(path);
    if (file === undefined) throw broken(`${bundle.name}: ${path}`, "", "a file", "nothing");
    return file;
  };
  const list = await must(MANIFEST_FILE);
  const archived = readJson(manifestFile, await readSmall(list.name, list.read()), list.name);
  /** What has been made so far, by digest. */
  const made = new Map<Digest, SourceFile>();
  /** Layers that were compressed before, and so need not be now, as long as nobody asks for their bytes. */
  const remembered = new Map<Digest, { readonly file: SourceFile; readonly diffId: Digest }>();

  async function compress(file: SourceFile, diffId: Digest): Promise<Compressed> {
    const isCompressed = await isGzip(file);
    const asItIs = () => verified(file, { digest: diffId, size: undefined }, workshop.onBytes);
    const chunks = () => (isCompressed ? checkedGzip(file, diffId) : gzipped(asItIs()));
    const path = workshop.scratch === undefined ? undefined : join(workshop.scratch, `${diffId}.gz`);
    const handle = path === undefined ? undefined : await open(path, "w");
    const hasher = new Bun.CryptoHasher("sha256");
    let size = 0;
    try {
      for await (const chunk of chunks()) {
        hasher.update(chunk);
        size += chunk.length;
        if (handle !== undefined) await writeAll(handle, chunk);
      }
    } finally {
      await handle?.close();
    }
    const digest = parseDigest(`sha256:${hasher.digest("hex")}`);
    if (digest === undefined) throw new PublishError("a sum is no digest");
    const name = `${file.name}, compressed`;
    made.set(
      digest,
      path === undefined ? { name, size, read: chunks } : { name, size, read: () => readWhole(path, size), path },
    );
    workshop.compressed.set(diffId, { digest, size });
    return { digest, size };
  }

  async function layerOf(path: string, diffId: Digest): Promise<Descriptor> {
    const file = await must(path);
    const known = workshop.compressed.get(diffId);
    if (known !== undefined) remembered.set(known.digest, { file, diffId });
    const { digest, size } = known ?? (await compress(file, diffId));
    return { mediaType: LAYER_TYPE, digest, size };
  }

  async function manifestOf({ Config, Layers }: ArchivedImage): Promise<Descriptor> {
    const file = await must(Config);
    const bytes = await readSmall(file.name, file.read());
    const digest = digestOf(bytes);
    const named = /^(?:.*\/)?([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1];
    if (named !== undefined && digest !== `sha256:${named}`) throw mismatch(file.name, `sha256:${named}`, digest);
    const { diff_ids: diffIds } = readJson(configFile, bytes, file.name).rootfs;
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
    for (const [at, diffId] of diffIds.entries()) layers.push(await layerOf(Layers[at] ?? "", diffId));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE["2"],
        config: { mediaType: CONFIG_TYPE, size: bytes.length, digest },
        layers: layers.map(({ mediaType, size, digest: each }) => ({ mediaType, size, digest: each })),
      }),
    );
    const root = { mediaType: MEDIA_TYPE["2"], digest: digestOf(manifest), size: manifest.length };
    made.set(root.digest, fileOfBytes(`${bundle.name}: the manifest of ${Config}`, manifest));
    return root;
  }

  return {
    name: bundle.name,
    async *images() {
      for (const image of archived) yield { names: image.RepoTags ?? [], root: () => manifestOf(image) };
    },
    async open({ digest }) {
      const again = remembered.get(digest);
      if (!made.has(digest) && again !== undefined) await compress(again.file, again.diffId);
      return made.get(digest);
    },
    close: bundle.close,
  };
}
