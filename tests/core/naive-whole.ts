/**
 * Version 6 read once more from its page, slowly, on the file's own JSON: the twin that the real reader and resolver are
 * held to. It shares no code with them, and must not.
 */
import { naiveQualityOf } from "./naive-resolution.ts";

/** Descriptors as JSON.parse gives them. */
interface NaiveDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly data?: string;
}

/** A sound redirect file of version 6, as JSON.parse gives it. */
export interface NaiveWhole {
  readonly url: string;
  readonly manifests: readonly NaiveDescriptor[];
  readonly tags: Readonly<Record<string, string | readonly string[]>>;
  readonly configs?: readonly NaiveDescriptor[];
}

/** @returns the digest of the manifest, or undefined for MANIFEST_UNKNOWN */
export function naivelyResolveWhole(file: NaiveWhole, reference: string, header: string | undefined) {
  if (reference.includes(":")) return file.manifests.find(({ digest }) => digest === reference)?.digest;
  const meant = Object.hasOwn(file.tags, reference) ? file.tags[reference] : [];
  const weighed = [meant ?? []]
    .flat()
    .map((digest) => file.manifests.find((each) => each.digest === digest))
    .map((manifest) => ({ digest: manifest?.digest, q: naiveQualityOf(header, manifest?.mediaType ?? "") }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  return weighed[0]?.digest;
}

const contentOf = ({ data }: NaiveDescriptor) => JSON.parse(atob(data ?? ""));

const isManifest = (type: string) => type.includes(".manifest.") || type.includes(".index.");

/** @returns the size of a blob, -1 where nobody tells it; undefined for BLOB_UNKNOWN */
export function naiveBlob(file: NaiveWhole, digest: string): number | undefined {
  const embedded = file.configs?.find((each) => each.digest === digest);
  if (embedded !== undefined) return embedded.size;
  const manifests = file.manifests.filter(({ data }) => data !== undefined).map(contentOf);
  const listed = manifests.flatMap(({ config, layers = [], manifests: children = [], fsLayers = [] }) => [
    ...(config === undefined ? [] : [config]),
    ...layers,
    ...children.filter(
      (child: NaiveDescriptor) =>
        !isManifest(child.mediaType) && !file.manifests.some((each) => each.digest === child.digest),
    ),
    ...fsLayers.map(({ blobSum }: { blobSum: string }) => ({ digest: blobSum, size: -1 })),
  ]);
  const sizes = listed.filter((each) => each.digest === digest).map(({ size }) => size);
  const known = sizes.find((size) => size >= 0) ?? sizes[0];
  if (known !== undefined) return known;
  const isWhole = file.manifests.every(({ data }) => data !== undefined);
  return isWhole || file.manifests.some((each) => each.digest === digest) ? undefined : -1;
}

/** The referrers of a subject, in the order of their digests. */
export function naiveReferrers(file: NaiveWhole, subject: string) {
  return file.manifests
    .filter((each) => each.data !== undefined && contentOf(each).subject?.digest === subject)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map((each) => {
      const { artifactType = contentOf(each).config?.mediaType, annotations } = contentOf(each);
      const { mediaType, digest, size } = each;
      return JSON.parse(JSON.stringify({ mediaType, digest, size, artifactType, annotations }));
    });
}
