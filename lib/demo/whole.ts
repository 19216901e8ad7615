import { MEDIA_TYPE } from "../core/media-types.ts";
import type { Artifact, DemoManifest } from "./manifest.ts";
import { json, octets, type PublishedRepository, type StaticObject, withImages } from "./tree.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const blobPath = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

const descriptorOf = ({ kind, digest, bytes }: DemoManifest) => ({
  mediaType: MEDIA_TYPE[kind],
  digest,
  size: bytes.length,
});

/** The digests of each tag, in the order that they are given in. */
function digestsOf(tagged: readonly (readonly [tag: string, manifest: DemoManifest])[]) {
  const digests = new Map<string, string[]>();
  for (const [tag, { digest }] of tagged) digests.set(tag, [...(digests.get(tag) ?? []), digest]);
  return [...digests].map(([tag, all]) => [tag, all.length === 1 ? all[0] : all] as const);
}

/**
 * Lays out a v2 repository as an OCI image layout, with a version 6 file, which has the manifests themselves.
 *
 * @param tagged tag and manifest; of several for one tag, a client gets the first that it accepts
 * @param artifacts the artifacts that refer to some of these manifests
 */
export function publishWhole(
  name: string,
  repository: string,
  tagged: readonly (readonly [tag: string, manifest: DemoManifest])[],
  artifacts: ReadonlyMap<DemoManifest, readonly Artifact[]>,
): PublishedRepository {
  const all = [
    ...tagged.flatMap(([, manifest]) => withImages(manifest)),
    ...[...artifacts.values()].flat().map(({ manifest }) => manifest),
  ];
  const manifests = [...new Map(all.map((manifest) => [manifest.digest, manifest])).values()];
  // The digest of a signed manifest is not that of its bytes, so that no image layout can have it.
  const isInLayout = ({ kind }: DemoManifest) => kind !== "1";
  const objects = new Map<string, StaticObject>([
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
    [
      "index.json",
      json({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.index,
        manifests: tagged
          .filter(([, manifest]) => isInLayout(manifest))
          .map(([tag, manifest]) => ({
            ...descriptorOf(manifest),
            annotations: { "org.opencontainers.image.ref.name": tag },
          })),
      }),
    ],
  ]);
  for (const manifest of manifests) {
    for (const blob of manifest.blobs) objects.set(blobPath(blob.digest), octets(blob.bytes));
    if (isInLayout(manifest)) objects.set(blobPath(manifest.digest), octets(manifest.bytes));
  }
  const configs = new Map(manifests.flatMap(({ config }) => (config === undefined ? [] : [[config.digest, config]])));
  const redirectFile = {
    type: "pulp-docker-redirect",
    version: 6,
    repository,
    "repo-registry-id": name,
    protected: false,
    tags: Object.fromEntries(digestsOf(tagged)),
    manifests: manifests.map((manifest) => ({ ...descriptorOf(manifest), data: base64(manifest.bytes) })),
    configs: [...configs.values()].map(({ bytes, ...config }) => ({
      ...config,
      size: bytes.length,
      data: base64(bytes),
    })),
  };
  return { redirectFile, objects };
}
