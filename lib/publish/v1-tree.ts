/** The v1 half of a repository: which images its tags come to, and their files. */
import type { Digest, ImageId, Tag } from "../core/reference.ts";
import { readPlanned } from "./blobs.ts";
import type { Report } from "./events.ts";
import { JSON_TYPE, OCTETS, v1Path } from "./layout-paths.ts";
import type { Plan } from "./plan.ts";
import { PublishError } from "./publish-error.ts";
import type { Listing } from "./redirect-file/version-5.ts";
import type { Manifest } from "./sources/manifest.ts";
import { type DerivedV1Image, EMPTY_LAYER, EMPTY_LAYER_DIGEST, obstacleToV1, v1ImagesOf } from "./sources/v1-images.ts";
import type { Target } from "./targets/target.ts";

/** Images and tags of the v1 API. */
export interface V1Tree {
  /** Each image with those below it, itself first. */
  readonly images: ReadonlyMap<ImageId, { readonly image: DerivedV1Image; readonly ancestry: readonly ImageId[] }>;
  readonly tags: ReadonlyMap<Tag, ImageId>;
}

/** The manifest of a tag that an old client could use: its own, or the linux/amd64 one of a list. */
function* imagesByTag({ manifests, tags }: Plan, { amd64 }: Listing): Generator<[Tag, Manifest]> {
  const preferred = new Map<Tag, Manifest>();
  // The last one wins: a tag's own image is preferred to one of a list.
  for (const kind of ["index", "list", "1", "oci", "2"] as const) {
    for (const each of tags.values()) {
      const manifest = each.kind === kind ? manifests.get(each.digest) : undefined;
      if (manifest === undefined) continue;
      const listed = manifest.children.find(
        ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
      );
      const digest = amd64.get(each.tag)?.digest ?? listed?.digest;
      const inside = manifest.children.length > 0 && digest !== undefined ? manifests.get(digest) : undefined;
      preferred.set(each.tag, inside ?? manifest);
    }
  }
  yield* preferred;
}

async function configOf({ blobs }: Plan, { config }: Manifest): Promise<Uint8Array | undefined> {
  const blob = config === undefined ? undefined : blobs.get(config.digest);
  return blob === undefined ? undefined : await readPlanned(blob);
}

/** Makes v1 images of all tags that can be had over v1; a warning names the others. */
export async function planV1(plan: Plan, listing: Listing, report: Report): Promise<V1Tree> {
  const images = new Map<ImageId, { image: DerivedV1Image; ancestry: readonly ImageId[] }>();
  const tags = new Map<Tag, ImageId>();
  const refuse = (tag: Tag, why: string) =>
    report({ event: "warning", text: `the tag ${tag} is not published on v1: ${why}` });
  for (const [tag, manifest] of imagesByTag(plan, listing)) {
    const isFetchedElsewhere = manifest.layers.some(({ digest }) => plan.foreign.has(digest));
    const obstacle = isFetchedElsewhere ? "it has layers that v1 can't fetch elsewhere" : obstacleToV1(manifest);
    if (obstacle !== undefined) {
      refuse(tag, obstacle);
      continue;
    }
    const config = await configOf(plan, manifest);
    try {
      let ancestry: readonly ImageId[] = [];
      for (const image of v1ImagesOf(manifest, config)) {
        ancestry = [image.id, ...ancestry];
        images.set(image.id, { image, ancestry });
        tags.set(tag, image.id);
      }
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      refuse(tag, error.message);
    }
  }
  return { images, tags };
}

/** Every file of the v1 half. */
export function v1Paths(ids: Iterable<ImageId>): readonly string[] {
  return [...ids].flatMap((id) => [v1Path(id, "ancestry"), v1Path(id, "json"), v1Path(id, "layer")]);
}

/** Writes what is not there yet; an image's files never change, as its id stands for them. */
export async function writeV1({ images }: V1Tree, content: Target, pathOf: (digest: Digest) => string): Promise<void> {
  const encoder = new TextEncoder();
  const writeOnce = async (path: string, text: string) => {
    const bytes = encoder.encode(text);
    if ((await content.sizeOf(path)) !== bytes.length) await content.write(path, JSON_TYPE, bytes);
  };
  const needsEmptyLayer = [...images.values()].some(({ image }) => image.layer === EMPTY_LAYER_DIGEST);
  const emptyPath = pathOf(EMPTY_LAYER_DIGEST);
  if (needsEmptyLayer && (await content.sizeOf(emptyPath)) === undefined) {
    await content.write(emptyPath, OCTETS, EMPTY_LAYER);
  }
  for (const [id, { image, ancestry }] of images) {
    await writeOnce(v1Path(id, "json"), image.json);
    await writeOnce(v1Path(id, "ancestry"), JSON.stringify(ancestry));
    const layer = v1Path(id, "layer");
    const size = await content.sizeOf(pathOf(image.layer));
    if ((await content.sizeOf(layer)) === undefined || (await content.sizeOf(layer)) !== size) {
      await content.duplicate(layer, pathOf(image.layer), OCTETS);
    }
  }
}
