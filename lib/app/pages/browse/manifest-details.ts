/** Details of a manifest that its redirect file carries. */
import { kindOf } from "../../../core/media-types.ts";
import { isPlainObject, type JsonObject, objectsIn } from "../../../core/redirect-file/json-value.ts";
import { type Child, contentOf } from "../../../core/redirect-file/manifest-content.ts";
import type { WholeRepository } from "../../../core/redirect-file/repository.ts";
import { configOf, manifestOf, type StoredManifest } from "../../../core/redirect-file/whole-table.ts";
import { type Digest, parseDigest } from "../../../core/reference.ts";

/** The purpose of a manifest, which decides the client that pulls it. */
export type Purpose = "image" | "chart" | "signature" | "artifact";

/** A layer, or a file of an artifact. */
export interface LayerDetails {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number | undefined;
  /** Name of the file. */
  readonly title: string | undefined;
  /** Step of the build that made it. */
  readonly step: string | undefined;
}

/** The configuration of an image, where the redirect file carries it. */
export interface ImageConfig {
  readonly created: number | undefined;
  readonly platform: string | undefined;
  /** Settings of a container, named as in the image specification. */
  readonly settings: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly steps: readonly string[];
}

/** A manifest, as far as its own bytes and those of its configuration tell. */
export interface ManifestDetails {
  readonly manifest: StoredManifest;
  readonly purpose: Purpose;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly children: readonly Child[];
  readonly layers: readonly LayerDetails[];
  readonly config: ImageConfig | undefined;
  /** Bytes of the configuration and the layers together; undefined for an index, or where a size is unknown. */
  readonly contentSize: number | undefined;
  readonly subject: Digest | undefined;
}

const utf8 = new TextDecoder();
/** Before this, a date only says that the build is reproducible. */
const FIRST_YEAR = Date.UTC(2000, 0);

function fieldsOf(bytes: Uint8Array): JsonObject {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isPlainObject(value) ? value : {};
  } catch {
    return {};
  }
}

const textIn = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
const stringsIn = (value: unknown): Readonly<Record<string, string>> =>
  isPlainObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
      )
    : {};

/** @returns ms since 1970; undefined for what is no date, or the date of a reproducible build */
export function timeIn(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return time >= FIRST_YEAR ? time : undefined;
}

/** A command line, quoted where it has to be. */
const commandLine = (parts: readonly string[]): string =>
  parts.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part))).join(" ");

function settingsOf(config: JsonObject): ReadonlyMap<string, string> {
  const settings: readonly (readonly [string, string])[] = [
    ["Entrypoint", commandLine(textsIn(config["Entrypoint"]))],
    ["Command", commandLine(textsIn(config["Cmd"]))],
    ["User", textIn(config["User"]) ?? ""],
    ["Working directory", textIn(config["WorkingDir"]) ?? ""],
    ["Ports", isPlainObject(config["ExposedPorts"]) ? Object.keys(config["ExposedPorts"]).join(", ") : ""],
    ["Volumes", isPlainObject(config["Volumes"]) ? Object.keys(config["Volumes"]).join(", ") : ""],
    ["Stop signal", textIn(config["StopSignal"]) ?? ""],
    ["Environment", textsIn(config["Env"]).join("\n")],
  ];
  return new Map(settings.filter(([, text]) => text !== ""));
}

function configIn(bytes: Uint8Array): ImageConfig {
  const fields = fieldsOf(bytes);
  const config = isPlainObject(fields["config"]) ? fields["config"] : {};
  const platform = [fields["os"], fields["architecture"], fields["variant"]].map(textIn).filter(Boolean).join("/");
  return {
    created: timeIn(fields["created"]),
    platform: platform || undefined,
    settings: settingsOf(config),
    labels: stringsIn(config["Labels"]),
    steps: objectsIn(fields["history"])
      .filter(({ empty_layer }) => empty_layer !== true)
      .map(({ created_by }) => textIn(created_by) ?? ""),
  };
}

const HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json";
const SIGNATURE = /^application\/vnd\.(?:dev\.cosign\.simplesigning|cncf\.notary|dev\.sigstore\.bundle)/;
const IMAGE_CONFIG = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/;

function purposeOf(
  kind: string | undefined,
  config: string,
  artifactType: string | undefined,
  layers: readonly LayerDetails[],
) {
  if (kind === "index" || kind === "list") return artifactType === undefined ? "image" : "artifact";
  if (config === HELM_CONFIG) return "chart";
  if (SIGNATURE.test(artifactType ?? "") || layers.some(({ mediaType }) => SIGNATURE.test(mediaType)))
    return "signature";
  const isArtifact = artifactType !== undefined && artifactType !== config;
  return !isArtifact && (kind === "1" || IMAGE_CONFIG.test(config)) ? "image" : "artifact";
}

/** Sums up; undefined where one is unknown. */
const sumOf = (sizes: readonly (number | undefined)[]): number | undefined =>
  sizes.reduce<number | undefined>(
    (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  );

const isIndex = (kind: string | undefined): boolean => kind === "index" || kind === "list";

/** Reads a manifest. @returns undefined where the file has no more than its descriptor */
export function detailsOf(repository: WholeRepository, manifest: StoredManifest): ManifestDetails | undefined {
  if (manifest.bytes === undefined) return undefined;
  const fields = fieldsOf(manifest.bytes);
  const { children, artifactType, blobs, subject } = contentOf(fields);
  const kind = kindOf(manifest.mediaType);
  const descriptor = isPlainObject(fields["config"]) ? fields["config"] : {};
  const configType = textIn(descriptor["mediaType"]) ?? "";
  const configDigest = parseDigest(textIn(descriptor["digest"]) ?? "");
  const stored = configDigest === undefined ? undefined : configOf(repository, configDigest);
  const config = stored?.bytes !== undefined && IMAGE_CONFIG.test(configType) ? configIn(stored.bytes) : undefined;
  const layers = [...objectsIn(fields["layers"]), ...objectsIn(fields["blobs"])].map(
    (layer, at): LayerDetails => ({
      digest: textIn(layer["digest"]) ?? "",
      mediaType: textIn(layer["mediaType"]) ?? "",
      size: typeof layer["size"] === "number" && layer["size"] >= 0 ? layer["size"] : undefined,
      title: stringsIn(layer["annotations"])["org.opencontainers.image.title"],
      step: config?.steps[at],
    }),
  );
  return {
    manifest,
    purpose: purposeOf(kind, configType, artifactType, layers),
    artifactType,
    annotations: stringsIn(fields["annotations"]),
    children,
    layers,
    config,
    contentSize: isIndex(kind) ? undefined : sumOf(blobs.map(([, size]) => size)),
    subject,
  };
}

/** Manifest of an index that describes another one of it: BuildKit's provenance and SBOM. */
export const isAttestation = ({ platform }: Child): boolean => platform === "unknown/unknown";

/** One image of an index. */
export interface PlatformImage {
  readonly child: Child;
  /** Undefined where the file does not have the manifest. */
  readonly details: ManifestDetails | undefined;
}

/** The manifests that an index lists. */
export const imagesOf = (repository: WholeRepository, children: readonly Child[]): readonly PlatformImage[] =>
  children.map((child) => {
    const manifest = manifestOf(repository, child.digest);
    return { child, details: manifest === undefined ? undefined : detailsOf(repository, manifest) };
  });

const CREATED = "org.opencontainers.image.created";

/** When a manifest was made, as its annotations or its configuration say. */
export const createdOf = ({ annotations, config }: ManifestDetails): number | undefined =>
  timeIn(annotations[CREATED]) ?? config?.created;

/** When a manifest or the first image of an index was made: what {@link createdOf} says, for thousands of manifests. */
export function dateOfManifest(repository: WholeRepository, { bytes }: StoredManifest): number | undefined {
  if (bytes === undefined) return undefined;
  const { annotations, config, manifests } = fieldsOf(bytes);
  const created = isPlainObject(annotations) ? timeIn(annotations[CREATED]) : undefined;
  if (created !== undefined) return created;
  const digestIn = (descriptor: unknown) =>
    isPlainObject(descriptor) ? parseDigest(textIn(descriptor["digest"]) ?? "") : undefined;
  const [ofConfig, ofFirst] = [digestIn(config), Array.isArray(manifests) ? digestIn(manifests[0]) : undefined];
  if (ofConfig !== undefined) {
    const stored = configOf(repository, ofConfig);
    return stored?.bytes === undefined ? undefined : timeIn(fieldsOf(stored.bytes)["created"]);
  }
  const first = ofFirst === undefined ? undefined : manifestOf(repository, ofFirst);
  // An index may contain another one, but none contains itself.
  return first === undefined ? undefined : dateOfManifest(repository, first);
}
