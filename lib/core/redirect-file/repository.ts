import { type Digest, type ImageId, isDigest, type RepositoryName, type Tag } from "../reference.ts";
import type { Warning } from "./fault.ts";
import type { ManifestTable } from "./manifest-table.ts";
import type { WholeTable } from "./whole-table.ts";

/** The fields of a file that search results show. */
export interface About {
  /** Empty when the file has none. */
  readonly description: string;
  readonly starCount: number;
  readonly isOfficial: boolean;
  readonly isTrusted: boolean;
}

interface Common {
  /** The name that clients use (`repo-registry-id`). */
  readonly name: RepositoryName;
  /** The publisher's own id, and the directory of the content when it is served from disk. */
  readonly repository: string;
  /** URL of the content: absolute, http or https, with a final slash. */
  readonly url: string;
  readonly isProtected: boolean;
  /** Absent where a file says nothing of the kind, as most do. */
  readonly about: About | undefined;
}

/** An image as a v1 file lists it; keys beside `id` are passed on as they are. */
export interface V1Image {
  readonly id: ImageId;
  readonly [extra: string]: unknown;
}

/** A repository of a version 1 file. */
export interface V1Repository extends Common {
  readonly api: "v1";
  readonly version: 1;
  readonly images: readonly V1Image[];
  readonly tags: ReadonlyMap<Tag, ImageId>;
}

/** The linux/amd64 manifest of a list, for clients that can't read the list. */
export interface Amd64Manifest {
  readonly digest: Digest;
  readonly kind: "1" | "2";
}

/** The referrers of a subject: descriptors, passed on as they are. */
export type ReferrerDescriptor = Readonly<Record<string, unknown>>;

/** A repository of a version 2, 3, 4 or 5 file: its manifests are in a tree of directories. */
export interface TreeRepository extends Common {
  readonly api: "v2";
  readonly version: 2 | 3 | 4 | 5;
  readonly manifests: ManifestTable;
  readonly amd64: ReadonlyMap<Tag, Amd64Manifest>;
  readonly referrers: ReadonlyMap<Digest, readonly ReferrerDescriptor[]>;
}

/** A repository of a version 6 file: all manifests, tags and blobs are known. */
export interface WholeRepository extends Common, WholeTable {
  readonly api: "v2";
  readonly version: 6;
  /** Place of blobs: a path below `url`, or an absolute URL, with variables. */
  readonly blobTemplate: string;
}

/** A repository of the v2 API. */
export type V2Repository = TreeRepository | WholeRepository;

/** The repository of one redirect file. */
export type Repository = V1Repository | V2Repository;

/** The result of a valid file. */
export interface Built {
  readonly repository: Repository;
  readonly warnings: readonly Warning[];
}

/** One literal, whose shape all repositories share: a spread would cost each of them a second block of memory. */
export function wholeRepository(named: Omit<WholeRepository, keyof WholeTable>, table: WholeTable): WholeRepository {
  return {
    api: "v2",
    version: 6,
    name: named.name,
    repository: named.repository,
    url: named.url,
    isProtected: named.isProtected,
    about: named.about,
    blobTemplate: named.blobTemplate,
    tags: table.tags,
    digests: table.digests,
    manifestCount: table.manifestCount,
    configCount: table.configCount,
    blobCount: table.blobCount,
    mediaTypes: table.mediaTypes,
    words: table.words,
    chunks: table.chunks,
  };
}

/** For fields that a version does not have. */
export const NO_MAP: ReadonlyMap<never, never> = new Map<never, never>();

/** The tags that a file names, in ASCII order. A version 2, 3 or 4 file may leave some out. */
export function namedTags(repository: V2Repository): readonly Tag[] {
  if (repository.version === 6) return repository.tags;
  const { references, tagCount } = repository.manifests;
  return references.slice(0, tagCount).filter((reference): reference is Tag => !isDigest(reference));
}
