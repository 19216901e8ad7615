import type { ManifestKind } from "../core/media-types.ts";
import type { Digest, Tag } from "../core/reference.ts";

/** Events of a publish, for progress and messages. */
export type PublishEvent =
  /** Everything to do is known. `bytes` is what has to be read of blobs whose size is known. */
  | {
      readonly event: "planned";
      readonly tags: number;
      readonly manifests: number;
      readonly blobs: number;
      readonly bytes: number;
    }
  /** So many bytes of a source were read just now. */
  | { readonly event: "read"; readonly bytes: number }
  | {
      readonly event: "blob";
      readonly digest: Digest;
      readonly size: number | undefined;
      readonly outcome: "present" | "linked" | "copied";
    }
  | {
      readonly event: "tag";
      readonly tag: Tag;
      readonly kind: ManifestKind;
      readonly digest: Digest;
      readonly outcome: "new" | "moved" | "unchanged";
    }
  | { readonly event: "untagged"; readonly tag: Tag }
  | { readonly event: "removed"; readonly path: string }
  | { readonly event: "warning"; readonly text: string }
  /** An image of the source is left out, as it is broken or gone; the others are published. */
  | { readonly event: "skipped"; readonly name: string; readonly why: string }
  | { readonly event: "published"; readonly file: string; readonly outcome: "written" | "unchanged" };

export type Report = (event: PublishEvent) => void;
