/** What can be published: the seam between where images come from and where they go. */
import type { Digest, Tag } from "../../core/reference.ts";
import type { Descriptor } from "./manifest.ts";

/** Bytes that wait to be read. Nobody has verified them yet. */
export interface SourceFile {
  /** What messages call it: a path, or an archive and a path inside. */
  readonly name: string;
  /** Bytes; undefined when that shows only at the end. */
  readonly size: number | undefined;
  /** From the beginning, each time. A chunk is good until the next one is asked for. */
  readonly read: () => AsyncIterable<Uint8Array>;
  /** Where just these bytes lie as a file of their own, which may get a second name. */
  readonly path?: string;
  /** Where just these bytes begin in a larger file. */
  readonly part?: { readonly path: string; readonly start: number };
}

/** One image, list or artifact that a source offers by itself. */
export interface SourceImage {
  /** What the source calls it: tags, or whole names as `docker.io/library/app:1.0`; none when it has no name. */
  readonly names: readonly string[];
  /** How the source itself knows it, which is not how it is published where layers are compressed. */
  readonly digest?: Digest | undefined;
  /** Finding out may take long: an archive compresses layers, a registry is asked. */
  readonly root: () => Promise<Descriptor>;
}

/** An image with the tag that it gets; none when it is known by its digest alone. */
export interface TaggedImage {
  readonly tag: Tag | undefined;
  readonly root: Descriptor;
}

/** Where images come from. */
export interface Source {
  /** What messages call it. */
  readonly name: string;
  readonly images: () => AsyncIterable<SourceImage>;
  /**
   * Opens what a descriptor names; the caller verifies size and digest.
   *
   * @returns undefined when the source does not have it
   */
  readonly open: (descriptor: Descriptor, as: "manifest" | "blob") => Promise<SourceFile | undefined>;
  /** Whether the source has a blob, where that can be told without opening it. */
  readonly has?: (blob: Descriptor) => Promise<boolean>;
  /** What refers to a manifest, where a source has to be asked for it. Those that it does not have are left out. */
  readonly referrers?: (subject: Digest) => Promise<readonly TaggedImage[]>;
  readonly close: () => Promise<void>;
}

/** A layer that was compressed before. */
export interface Compressed {
  readonly digest: Digest;
  readonly size: number;
}

/** What a source may use while it works. */
export interface Workshop {
  /** A directory for large temporary files; undefined when nothing may be written, as in a dry run. */
  readonly scratch: string | undefined;
  /** What layers became by compression, by the digest of the uncompressed tar. Sources add to it. */
  readonly compressed: Map<string, Compressed>;
  /** Told of bytes as they are compressed. */
  readonly onBytes: (bytes: number) => void;
  readonly warn: (text: string) => void;
}
