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
}

/** A command of the build that made an image. */
interface BuildStep {
  readonly command: string;
  /** False for those that only set the configuration. */
  readonly makesLayer: boolean;
}

/** The configuration of an image, where the redirect file carries it. */
export interface ImageConfig {
  readonly platform: string | undefined;
  /** Settings of a container, named as in the image specification. */
  readonly settings: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly steps: readonly BuildStep[];
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
    platform: platform || undefined,
    settings: settingsOf(config),
    labels: stringsIn(config["Labels"]),
    steps: objectsIn(fields["history"]).map(({ created_by, empty_layer }) => ({
      command: textIn(created_by) ?? "",
      makesLayer: empty_layer !== true,
    })),
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
    (layer): LayerDetails => ({
      digest: textIn(layer["digest"]) ?? "",
      mediaType: textIn(layer["mediaType"]) ?? "",
      size: typeof layer["size"] === "number" && layer["size"] >= 0 ? layer["size"] : undefined,
      title: stringsIn(layer["annotations"])["org.opencontainers.image.title"],
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
