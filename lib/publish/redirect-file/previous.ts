/** The repository as it was published before, read from its redirect files and its tree. */

import { type ManifestKind, MEDIA_TYPE } from "../../core/media-types.ts";
import { describeFault } from "../../core/redirect-file/fault.ts";
import { KIND_BIT, kindsOf } from "../../core/redirect-file/manifest-table.ts";
import { parseRedirectFile } from "../../core/redirect-file/parse.ts";
import {
  namedTags,
  type Repository,
  type TreeRepository,
  type V1Repository,
  type V2Repository,
  type WholeRepository,
} from "../../core/redirect-file/repository.ts";
import { manifestOf, manifestsOfTag, type StoredManifest, storedAt } from "../../core/redirect-file/whole-table.ts";
import { type Digest, isDigest, parseDigest, type Reference } from "../../core/reference.ts";
import type { BlobStore } from "../blobs.ts";
import { manifestPath } from "../layout-paths.ts";
import { digestAmong } from "../manifest-digest.ts";
import { broken, PublishError } from "../publish-error.ts";
import { type Descriptor, kindOfType } from "../sources/manifest.ts";
import { fileOfBytes } from "../sources/reading.ts";
import type { Source, SourceImage } from "../sources/source.ts";
import type { Target } from "../targets/target.ts";
import { type Identity, type OtherFields, otherFields } from "./text.ts";
import { KINDS } from "./version-5.ts";
import type { EmbeddedBlob } from "./version-6.ts";

/** The published repository. */
export interface Previous {
  readonly v1: V1Repository | undefined;
  readonly v2: V2Repository | undefined;
  /** Further fields of each redirect file. */
  readonly others: { readonly v1: OtherFields; readonly v2: OtherFields };
}

/** One redirect file, read. */
interface ReadOne {
  readonly repository: Repository;
  readonly others: OtherFields;
}

/** Returns the path of a repository's redirect file below the directory of all of them. */
export const redirectPath = (api: "v1" | "v2", repository: string): string => `${api}/${repository}.json`;

async function readOne(metadata: Target, path: string, name: string): Promise<ReadOne | undefined> {
  const bytes = await metadata.read(path);
  if (bytes === undefined) return undefined;
  const file = `${metadata.name}/${path}`;
  const parsed = parseRedirectFile(bytes);
  if (!parsed.ok)
    throw new PublishError(`${file}: ${describeFault(parsed.faults[0])}; move it away to have it replaced`);
  if (parsed.repository.name === name) return { repository: parsed.repository, others: otherFields(bytes) };
  throw new PublishError(
    `${file} is the redirect file of ${parsed.repository.name}, not of ${name}: choose another --repository`,
  );
}

/** @throws {PublishError} when a redirect file is there that is broken, or another repository's */
export async function readPrevious(
  metadata: Target,
  { repository, name }: Pick<Identity, "repository" | "name">,
): Promise<Previous> {
  const v1 = await readOne(metadata, redirectPath("v1", repository), name);
  const v2 = await readOne(metadata, redirectPath("v2", repository), name);
  return {
    v1: v1?.repository.api === "v1" ? v1.repository : undefined,
    v2: v2?.repository.api === "v2" ? v2.repository : undefined,
    others: { v1: v1?.others ?? [], v2: v2?.others ?? [] },
  };
}

/** Every reference of a repository with one of its kinds. */
export function* entriesOf({ manifests }: TreeRepository) {
  for (const [at, reference] of manifests.references.entries()) {
    for (const kind of KINDS) {
      if (manifests.kinds.charCodeAt(at) & KIND_BIT[kind]) yield { reference, kind };
    }
  }
}

/** All manifests of a repository that is known whole. */
export const manifestsIn = (repository: WholeRepository): readonly StoredManifest[] =>
  Array.from({ length: repository.manifestCount }, (_, at) => storedAt(repository, at));

/** The blobs that the file of a repository carries. */
export const configsIn = (repository: V2Repository | undefined): ReadonlyMap<Digest, EmbeddedBlob> => {
  if (repository?.version !== 6) return new Map();
  const { manifestCount, configCount } = repository;
  const stored = Array.from({ length: configCount }, (_, at) => storedAt(repository, manifestCount + at));
  return new Map(stored.flatMap(({ digest, mediaType, bytes }) => (bytes ? [[digest, { mediaType, bytes }]] : [])));
};

/** The descriptors of everything that may refer to something. */
export function referrersIn(repository: V2Repository): readonly Descriptor[] {
  if (repository.version === 6) return manifestsIn(repository);
  return [...repository.referrers.values()].flat().flatMap(({ digest, mediaType, size }) => {
    const parsed = typeof digest === "string" ? parseDigest(digest) : undefined;
    if (parsed === undefined || typeof mediaType !== "string") return [];
    return [{ digest: parsed, mediaType, size: typeof size === "number" ? size : undefined }];
  });
}

/** A published repository: its content, and the references that are offered. */
export interface Published {
  readonly content: Target;
  /** Its blobs. */
  readonly store: BlobStore;
  /** Which of its references are offered. */
  readonly isKept: (reference: Reference) => boolean;
}

/**
 * A published repository as a source, so that what is in it can be published again.
 *
 * @throws {PublishError} when a redirect file older than version 5 does not say what there is
 */
export function previousSource(repository: V2Repository, published: Published): Source {
  const { content, store } = published;
  const name = `${content.name} (published before)`;
  if (repository.version < 5) {
    throw broken(
      name,
      "version",
      "a redirect file of version 5 or 6, to keep something of it",
      String(repository.version),
    );
  }
  return {
    name,
    images: () =>
      repository.version === 6 ? imagesOfWhole(repository, published) : imagesOfTree(repository, published),
    async open(descriptor, as) {
      const { digest, mediaType } = descriptor;
      const kind = as === "manifest" ? kindOfType(mediaType) : undefined;
      if (kind === undefined) return await store.target.open(store.pathOf(digest));
      if (repository.version !== 6) return await content.open(manifestPath(kind, digest));
      const bytes = manifestOf(repository, digest)?.bytes;
      return bytes === undefined
        ? await store.target.open(store.pathOf(digest))
        : fileOfBytes(`${name}: ${digest}`, bytes);
    },
    close: async () => {},
  };
}

async function* imagesOfWhole(repository: WholeRepository, { isKept }: Published): AsyncGenerator<SourceImage> {
  for (const tag of namedTags(repository)) {
    if (!isKept(tag)) continue;
    for (const root of manifestsOfTag(repository, tag)) yield { names: [tag], root: async () => root };
  }
  for (const root of manifestsIn(repository)) if (isKept(root.digest)) yield { names: [], root: async () => root };
}

async function* imagesOfTree(repository: TreeRepository, { content, isKept }: Published): AsyncGenerator<SourceImage> {
  const rootOf = async (reference: Reference, kind: ManifestKind): Promise<Descriptor> => {
    const mediaType = MEDIA_TYPE[kind];
    if (isDigest(reference)) return { digest: reference, mediaType, size: undefined };
    const path = manifestPath(kind, reference);
    const bytes = await content.read(path);
    if (bytes === undefined) throw broken(`${content.name}/${path}`, "", `the manifest of ${reference}`, "nothing");
    const isKnown = (digest: Digest) => kindsOf(repository.manifests, digest) !== undefined;
    return { digest: digestAmong(bytes, mediaType, isKnown), mediaType, size: undefined };
  };
  for (const { reference, kind } of entriesOf(repository)) {
    if (!isKept(reference)) continue;
    yield { names: isDigest(reference) ? [] : [reference], root: () => rootOf(reference, kind) };
  }
}
