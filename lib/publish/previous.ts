/** What was published before: read from its redirect files and its tree. */

import { digestOfManifest } from "../core/manifest.ts";
import { MEDIA_TYPE } from "../core/media-types.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import { parseRedirectFile } from "../core/redirect-file/parse.ts";
import { KIND_BIT } from "../core/redirect-file/manifest-table.ts";
import type { Repository, V1Repository, V2Repository } from "../core/redirect-file/repository.ts";
import { isDigest, parseDigest, type Reference } from "../core/reference.ts";
import { blobPath, manifestPath } from "./layout-paths.ts";
import { type Identity, KINDS } from "./listing.ts";
import { type Descriptor, kindOfType } from "./sources/manifest.ts";
import { type OtherFields, otherFields } from "./other-fields.ts";
import { broken, PublishError } from "./publish-error.ts";
import { fileOfBytes } from "./sources/reading.ts";
import type { Source, SourceImage } from "./sources/source.ts";
import type { Target } from "./targets/target.ts";

/** What is there of one repository. */
export interface Previous {
  readonly v1: V1Repository | undefined;
  readonly v2: V2Repository | undefined;
  /** What each redirect file says beside that. */
  readonly others: { readonly v1: OtherFields; readonly v2: OtherFields };
}

/** One redirect file, read. */
interface ReadOne {
  readonly repository: Repository;
  readonly others: OtherFields;
}

/** Where a repository's redirect file is, below the directory of all of them. */
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
export function* entriesOf(repository: V2Repository) {
  if (repository.version === 6) return;
  const { manifests } = repository;
  for (const [at, reference] of manifests.references.entries()) {
    for (const kind of KINDS) {
      if (manifests.kinds.charCodeAt(at) & KIND_BIT[kind]) yield { reference, kind };
    }
  }
}

/** The descriptors of everything that refers to something. */
export function referrersIn(repository: V2Repository): readonly Descriptor[] {
  if (repository.version === 6) return [];
  return [...repository.referrers.values()].flat().flatMap(({ digest, mediaType, size }) => {
    const parsed = typeof digest === "string" ? parseDigest(digest) : undefined;
    if (parsed === undefined || typeof mediaType !== "string") return [];
    return [{ digest: parsed, mediaType, size: typeof size === "number" ? size : undefined }];
  });
}

/**
 * A published tree as a source, so that what is in it can be published again.
 *
 * @param isKept which of its references are offered
 * @throws {PublishError} when a redirect file older than version 5 does not say what there is
 */
export function previousSource(
  content: Target,
  repository: V2Repository,
  isKept: (reference: Reference) => boolean,
): Source {
  const name = `${content.name} (published before)`;
  if (repository.version !== 5) {
    throw broken(name, "version", "a redirect file of version 5, to keep something of it", String(repository.version));
  }

  async function rootOf(reference: Reference, mediaType: string, path: string): Promise<Descriptor> {
    if (isDigest(reference)) return { digest: reference, mediaType, size: undefined };
    const bytes = await content.read(path);
    const digest = bytes === undefined ? undefined : parseDigest(digestOfManifest(bytes, mediaType));
    if (digest === undefined) throw broken(`${content.name}/${path}`, "", `the manifest of ${reference}`, "nothing");
    return { digest, mediaType, size: undefined };
  }

  async function* images(): AsyncGenerator<SourceImage> {
    for (const { reference, kind } of entriesOf(repository)) {
      if (!isKept(reference)) continue;
      const names = isDigest(reference) ? [] : [reference];
      yield { names, root: () => rootOf(reference, MEDIA_TYPE[kind], manifestPath(kind, reference)) };
    }
  }

  const pathOf = ({ digest, mediaType }: Descriptor, as: "manifest" | "blob"): string => {
    const kind = as === "manifest" ? kindOfType(mediaType) : undefined;
    return kind === undefined ? blobPath(digest) : manifestPath(kind, digest);
  };

  return {
    name,
    images,
    async open(descriptor, as) {
      const path = pathOf(descriptor, as);
      if (as === "blob") return await openBlob(path);
      const bytes = await content.read(path);
      return bytes === undefined ? undefined : fileOfBytes(`${content.name}/${path}`, bytes);
    },
    close: async () => {},
  };

  /** Blobs are where they have to be; only configurations are ever read. */
  async function openBlob(path: string) {
    const size = await content.sizeOf(path);
    if (size === undefined) return undefined;
    const read = async function* () {
      yield (await content.read(path)) ?? new Uint8Array();
    };
    return { name: `${content.name}/${path}`, size, read };
  }
}
