import { jsonBytes, sha256Hex } from "./blob.ts";
import { CREATED, type Layer } from "./layer.ts";
import { RUN_CONFIG } from "./manifest.ts";

/** An image of the v1 API: one layer and its description, on top of another image. */
export interface DemoV1Image {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The image's JSON in docker's terms: id, parent, configuration. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly layer: Layer;
  readonly parent: DemoV1Image | undefined;
}

/** Describes a layer as docker 1.9 did; the id follows from the content, as docker's own have done since 1.10. */
export function v1Image(layer: Layer, parent?: DemoV1Image): DemoV1Image {
  const content = {
    ...(parent === undefined ? {} : { parent: parent.id }),
    created: CREATED,
    container_config: { Cmd: ["/bin/sh", "-c", `#(nop) ${layer.createdBy}`] },
    docker_version: "1.9.1",
    config: RUN_CONFIG,
    architecture: "amd64",
    os: "linux",
    Size: layer.size,
  };
  const id = sha256Hex(jsonBytes({ ...content, layer: layer.blob.digest }));
  return { id, description: { id, ...content }, layer, parent };
}

/** The image and what it stands on, the newest first. */
export function lineageOf(image: DemoV1Image): readonly DemoV1Image[] {
  return [image, ...(image.parent === undefined ? [] : lineageOf(image.parent))];
}
