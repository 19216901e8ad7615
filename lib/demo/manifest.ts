import { type ManifestKind, MEDIA_TYPE } from "../core/media-types.ts";
import { blobOf, type DemoBlob, digestOf, jsonBytes, prettyBytes } from "./blob.ts";
import { CREATED, type Layer } from "./layer.ts";
import type { Architecture } from "./program.ts";

/** A manifest with all that it leads to. */
export interface DemoManifest {
  readonly kind: ManifestKind;
  readonly digest: string;
  readonly bytes: Uint8Array;
  /** Its configuration and layers. */
  readonly blobs: readonly DemoBlob[];
  /** The configuration with its media type, where there is one. */
  readonly config?: DemoBlob & { readonly mediaType: string };
  /** The images of a list. */
  readonly images?: PlatformImages;
}

/** One image in a build for each architecture. */
export type PlatformImages = Readonly<Record<Architecture, DemoManifest>>;

/** Media types of the parts of an image, by the kind of its manifest. */
const PART_TYPES = {
  "2": {
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
  oci: {
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
} as const;

const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";
const EMPTY = blobOf(jsonBytes({}));

const descriptor = (mediaType: string, { digest, bytes }: DemoBlob) => ({ mediaType, digest, size: bytes.length });

/** A descriptor of a manifest: in a list, as a subject, among referrers. */
const manifestDescriptor = (manifest: DemoManifest) => descriptor(MEDIA_TYPE[manifest.kind], manifest);

function manifestOf(
  kind: ManifestKind,
  content: object,
  parts: Pick<DemoManifest, "blobs" | "config" | "images">,
): DemoManifest {
  const bytes = prettyBytes({ schemaVersion: 2, mediaType: MEDIA_TYPE[kind], ...content });
  return { kind, digest: digestOf(bytes), bytes, ...parts };
}

/** Settings of `/hello`: the part of the configuration that v1 and v2 images share. */
export const RUN_CONFIG = {
  Env: ["PATH=/"],
  Cmd: ["/hello"],
  WorkingDir: "/",
  Labels: { "org.opencontainers.image.title": "craned demo" },
} as const;

function configOf(architecture: Architecture, layers: readonly Layer[]): DemoBlob {
  return blobOf(
    jsonBytes({
      created: CREATED,
      architecture,
      os: "linux",
      config: RUN_CONFIG,
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: [
        ...layers.map(({ createdBy }) => ({ created: CREATED, created_by: createdBy })),
        { created: CREATED, created_by: 'CMD ["/hello"]', empty_layer: true },
      ],
    }),
  );
}

/** An image, under a manifest of schema 2 or of OCI; its blobs are the same in both. */
export function imageManifest(kind: "2" | "oci", architecture: Architecture, layers: readonly Layer[]): DemoManifest {
  const config = configOf(architecture, layers);
  const blobs = layers.map(({ blob }) => blob);
  const content = {
    config: descriptor(PART_TYPES[kind].config, config),
    layers: blobs.map((blob) => descriptor(PART_TYPES[kind].layer, blob)),
  };
  return manifestOf(kind, content, {
    blobs: [config, ...blobs],
    config: { mediaType: PART_TYPES[kind].config, ...config },
  });
}

/** A manifest list or an OCI index of Linux images. */
export function listManifest(kind: "list" | "index", images: PlatformImages): DemoManifest {
  const manifests = Object.entries(images).map(([architecture, image]) => ({
    ...manifestDescriptor(image),
    platform: { architecture, os: "linux" },
  }));
  return manifestOf(kind, { manifests }, { blobs: [], images });
}

/** Something that is no image and refers to one: a bill of materials, a note. */
export interface Artifact {
  readonly manifest: DemoManifest;
  /** Its descriptor among the subject's referrers. */
  readonly descriptor: Readonly<Record<string, unknown>>;
}

/** @see OCI image-spec 1.1 "Guidelines for Artifact Usage" */
export function artifactManifest(
  subject: DemoManifest,
  artifactType: string,
  title: string,
  bytes: Uint8Array,
): Artifact {
  const blob = blobOf(bytes);
  const annotations = { "org.opencontainers.image.title": title };
  const content = {
    artifactType,
    config: descriptor(EMPTY_TYPE, EMPTY),
    layers: [{ ...descriptor(artifactType, blob), annotations }],
    subject: manifestDescriptor(subject),
    annotations,
  };
  const manifest = manifestOf("oci", content, { blobs: [EMPTY, blob] });
  return { manifest, descriptor: { ...manifestDescriptor(manifest), artifactType, annotations } };
}
