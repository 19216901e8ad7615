/** The interface between the places that images come from and the rest of publishing. */
import type { Digest, Tag } from "../../core/reference.ts";
import type { Descriptor } from "./manifest.ts";

/** Bytes to be read, not verified yet. */
export interface SourceFile {
  /** Its name in messages: a path, or an archive and a path inside. */
  readonly name: string;
  /** Bytes; undefined when that shows only at the end. */
  readonly size: number | undefined;
  /** From the beginning, each time. A chunk is good until the next one is asked for. */
  readonly read: () => AsyncIterable<Uint8Array>;
  /** Path of a file with just these bytes, which may be hard-linked. */
  readonly path?: string;
  /** Place of these bytes in a larger file. */
  readonly part?: { readonly path: string; readonly start: number };
}

/** One image, list or artifact that a source offers. */
export interface SourceImage {
  /** Its names in the source: tags, or full names such as `docker.io/library/app:1.0`. */
  readonly names: readonly string[];
  /** Digest in the source; the published one differs where layers are compressed. */
  readonly digest?: Digest | undefined;
  /** Finding out may take long: an archive compresses layers, a registry is asked. */
  readonly root: () => Promise<Descriptor>;
}

/** An image with the tag that it gets; none when it is known by its digest alone. */
export interface TaggedImage {
  readonly tag: Tag | undefined;
  readonly root: Descriptor;
}

/** A source of images. */
export interface Source {
  /** Its name in messages. */
  readonly name: string;
  readonly images: () => AsyncIterable<SourceImage>;
  /**
   * Opens what a descriptor names; the caller verifies size and digest.
   *
   * @returns undefined when the source does not have it
   */
  readonly open: (descriptor: Descriptor, as: "manifest" | "blob") => Promise<SourceFile | undefined>;
  /** Whether the source has a blob, where that is known without opening it. */
  readonly has?: (blob: Descriptor) => Promise<boolean>;
  /** Returns the referrers of a manifest, without those that are missing; undefined where images() lists them. */
  readonly referrers?: (subject: Digest) => Promise<readonly TaggedImage[]>;
  readonly close: () => Promise<void>;
}

/** A layer that was compressed before. */
export interface Compressed {
  readonly digest: Digest;
  readonly size: number;
}

/** The means that a source may use. */
export interface SourceContext {
  /** A directory for large temporary files; undefined when nothing may be written, such as in a dry run. */
  readonly scratch: string | undefined;
  /** Compressed layers by the digest of the uncompressed tar. Sources add to it. */
  readonly compressed: Map<string, Compressed>;
  /** Receives the number of bytes as they are compressed. */
  readonly onBytes: (bytes: number) => void;
  readonly warn: (text: string) => void;
}
