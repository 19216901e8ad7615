/**
 * Images of the v1 API, made of those of v2.
 *
 * @see distribution, "Image Manifest Version 2, Schema 1": docker made schema 1 of schema 2 in the same way, and the
 * ids are the same
 */
import * as v from "valibot";
import { type Digest, type ImageId, parseDigest, parseImageId } from "../../core/reference.ts";
import { fields, optional, readJson } from "../json-file.ts";
import { broken, PublishError } from "../publish-error.ts";
import type { Descriptor, Manifest } from "./manifest.ts";
import { sha256 } from "./reading.ts";

/** One layer with its description, on top of another image. */
export interface DerivedV1Image {
  readonly id: ImageId;
  /** The image's JSON, as docker calls it. */
  readonly json: string;
  readonly layer: Digest;
}

/** A gzipped tar archive without entries: what docker puts where a step of a build changed no file. */
export const EMPTY_LAYER = new Uint8Array([
  31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0, 255, 255, 46, 175, 181, 239, 0, 4,
  0, 0,
]);

/** The digest of {@link EMPTY_LAYER}. */
export const EMPTY_LAYER_DIGEST = mustBe(parseDigest(`sha256:${sha256(EMPTY_LAYER)}`));

const LAYER_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
]);

const text = v.string("a string");

const step = fields({
  created: optional(text),
  created_by: optional(text),
  author: optional(text),
  comment: optional(text),
  empty_layer: v.nullish(v.boolean("true or false"), false),
});

const configFile = v.looseObject({ history: optional(v.array(step, "an array of steps")) }, "an object");

const schema1 = fields({
  fsLayers: v.array(v.unknown(), "an array of layers"),
  history: v.array(fields({ v1Compatibility: text }), "an array of steps"),
});

const compatibility = v.looseObject({ id: text }, "an object with an id");

type HistoryEntry = v.InferOutput<typeof step>;

/** The step of a layer without history. */
const SOME_STEP = v.parse(step, {});

function mustBe<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new PublishError("a sum is no digest");
  return value;
}

const hexOf = (digest: Digest): string => digest.slice(digest.indexOf(":") + 1);

const idOf = (...parts: readonly string[]): ImageId => mustBe(parseImageId(sha256(parts.join(" "))));

/** Below the top an image has no configuration of its own: what docker wrote here was just enough for the chain. */
function describeStep(
  id: string,
  parent: string,
  { comment, created, created_by, author, empty_layer }: HistoryEntry,
): string {
  return JSON.stringify({
    id,
    ...(parent !== "" && { parent }),
    ...(comment !== undefined && comment !== "" && { comment }),
    created: created ?? "0001-01-01T00:00:00Z",
    container_config: { Cmd: [created_by ?? ""] },
    ...(author !== undefined && author !== "" && { author }),
    ...(empty_layer && { throwaway: true }),
  });
}

/** The configuration without what v1 did not have, its keys in order. */
function describeTop(config: Readonly<Record<string, unknown>>, id: string, parent: string, isEmpty: boolean): string {
  const { rootfs, history, ...rest } = config;
  const fields = { ...rest, id, ...(parent !== "" && { parent }), ...(isEmpty && { throwaway: true }) };
  return JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** A configuration may leave its history out; then each layer is a step. */
function stepsOf(history: readonly HistoryEntry[] | undefined, layers: readonly Descriptor[]): readonly HistoryEntry[] {
  return history !== undefined && history.length > 0 ? history : layers.map(() => SOME_STEP);
}

/** Pairs each step with its layer. */
function layersOf(steps: readonly HistoryEntry[], layers: readonly Descriptor[], file: string): readonly Digest[] {
  let next = 0;
  const paired = steps.map(({ empty_layer }) => (empty_layer ? EMPTY_LAYER_DIGEST : layers[next++]?.digest));
  const all = paired.filter((digest) => digest !== undefined);
  if (next === layers.length && all.length === steps.length) return all;
  throw broken(file, "history", `${layers.length} steps with a layer`, String(next));
}

/** The lowest first. */
function lineageOf(manifest: Manifest, configBytes: Uint8Array, file: string): readonly DerivedV1Image[] {
  const config = readJson(configFile, configBytes, file);
  const steps = stepsOf(config.history, manifest.layers);
  const layers = layersOf(steps, manifest.layers, file);
  const images: DerivedV1Image[] = [];
  for (const [at, layer] of layers.entries()) {
    const parent = images.at(-1)?.id ?? "";
    const one = steps[at] ?? SOME_STEP;
    const isTop = at === steps.length - 1;
    const id = isTop ? idOf(hexOf(layer), parent, new TextDecoder().decode(configBytes)) : idOf(hexOf(layer), parent);
    const json = isTop ? describeTop(config, id, parent, one.empty_layer) : describeStep(id, parent, one);
    images.push({ id, json, layer });
  }
  return images;
}

/** The images of a schema 1 manifest have been v1 images all along. */
function lineageOfSchema1({ bytes, layers, digest }: Manifest): readonly DerivedV1Image[] {
  const { history } = readJson(schema1, bytes, digest);
  if (history.length !== layers.length) throw broken(digest, "history", `${layers.length} steps`, `${history.length}`);
  return history.toReversed().flatMap(({ v1Compatibility: json }, at) => {
    const id = parseImageId(readJson(compatibility, Buffer.from(json), `${digest}: history`).id);
    const layer = layers[at]?.digest;
    if (id === undefined || layer === undefined) throw broken(digest, "history", "ids of images", "others");
    return [{ id, json, layer }];
  });
}

/** Why an image can't be had over v1; undefined when it can. */
export function obstacleToV1({ kind, config, layers }: Manifest): string | undefined {
  if (kind === "1") return undefined;
  if (kind !== "2" && kind !== "oci") return "it is a list without an image for linux/amd64";
  if (!/\.image(?:\.v1\+json|\.config\.v1\+json)$|container\.image\.v1\+json$/.test(config?.mediaType ?? "")) {
    return "it is no image";
  }
  const odd = layers.find(({ mediaType }) => !LAYER_TYPES.has(mediaType));
  if (odd !== undefined) return `clients of v1 read no layers of type ${odd.mediaType}`;
  return layers.length === 0 ? "it has no layers" : undefined;
}

/**
 * The v1 images that an image of v2 comes to.
 *
 * @param config the bytes of its configuration; schema 1 has none
 * @returns the lowest first
 * @throws {PublishError} when configuration and layers don't fit
 */
export function v1ImagesOf(manifest: Manifest, config: Uint8Array | undefined): readonly DerivedV1Image[] {
  if (manifest.kind === "1" || config === undefined) return lineageOfSchema1(manifest);
  return lineageOf(manifest, config, `the configuration of ${manifest.digest}`);
}
