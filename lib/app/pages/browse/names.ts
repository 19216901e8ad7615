/** Media types by the names that people know them by. */
import { kindOf, type ManifestKind } from "../../../core/media-types.ts";
import type { Purpose } from "./manifest-details.ts";

/** Kinds of manifests. */
export const KIND_NAMES: Readonly<Record<ManifestKind, string>> = {
  index: "OCI index",
  list: "Docker manifest list",
  oci: "OCI manifest",
  "2": "Docker schema 2",
  "1": "Docker schema 1",
};

export const PURPOSE_NAMES: Readonly<Record<Purpose, string>> = {
  image: "Image",
  chart: "Helm chart",
  signature: "Signature",
  artifact: "Artifact",
};

const ARTIFACTS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^application\/vnd\.dev\.cosign\.(?:artifact\.sig|simplesigning)/, "cosign signature"],
  [/^application\/vnd\.dev\.sigstore\.bundle/, "Sigstore bundle"],
  [/^application\/vnd\.cncf\.notary\.signature/, "Notation signature"],
  [/^(?:application|text)\/spdx/, "SBOM, SPDX"],
  [/^application\/vnd\.cyclonedx/, "SBOM, CycloneDX"],
  [/^application\/vnd\.in-toto/, "in-toto attestation"],
  [/^application\/sarif/, "Scan report, SARIF"],
  [/^application\/(?:vnd\.)?openvex/, "VEX statement"],
  [/^application\/vnd\.cncf\.helm\.config/, "Helm chart"],
  [/^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)/, "Image"],
  [/^application\/(?:vnd\.)?wasm|^application\/vnd\.wasm/, "WebAssembly"],
];

/** @returns the usual name of an artifact type; undefined for types that have none */
export const artifactName = (type: string): string | undefined =>
  ARTIFACTS.find(([pattern]) => pattern.test(type))?.[1];

/** The usual name of a manifest's media type, or the type itself. */
export function mediaTypeName(mediaType: string): string {
  const kind = kindOf(mediaType);
  return kind === undefined ? mediaType : KIND_NAMES[kind];
}
