/** The images that contestants serve: the same ones as redirect files, OCI layouts and a registry's storage. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOf, nameOf, tagOf, urlOf } from "./data.ts";

const OCI = "application/vnd.oci.image";
const INDEX_TYPE = `${OCI}.index.v1+json`;
const MANIFEST_TYPE = `${OCI}.manifest.v1+json`;
const LAYERS = 4;

/** A text and the descriptor of it. */
interface Blob {
  readonly text: string;
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

const blobOf = (mediaType: string, text: string): Blob => ({
  text,
  descriptor: { mediaType, digest: digestOf(text), size: text.length },
});

/** Returns the configuration that all images of a repository have. */
export const configOf = (repository: number): Blob =>
  blobOf(
    `${OCI}.config.v1+json`,
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { name: nameOf(repository) } } }),
  );

/** Returns the manifest of a tag; its layers exist nowhere. */
function manifestOf(repository: number, number: number): Blob {
  const layers = Array.from({ length: LAYERS }, (_, layer) => ({
    mediaType: `${OCI}.layer.v1.tar+gzip`,
    digest: digestOf(`${repository}/${number}/${layer}`),
    size: 1_000_000 + layer,
  }));
  const config = configOf(repository).descriptor;
  return blobOf(MANIFEST_TYPE, JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers }));
}

export const manifestsOf = (repository: number, tags: number): readonly Blob[] =>
  Array.from({ length: tags }, (_, number) => manifestOf(repository, number));

/** Makes a version 6 file whose manifests carry their data. */
export function wholeFileOf(repository: number, tags: number): object {
  const manifests = manifestsOf(repository, tags);
  return {
    version: 6,
    repository: `r${repository}`,
    "repo-registry-id": nameOf(repository),
    url: urlOf(repository),
    tags: Object.fromEntries(manifests.map(({ descriptor }, number) => [tagOf(number), descriptor.digest])),
    manifests: manifests.map(({ text, descriptor }) => ({ ...descriptor, data: Buffer.from(text).toString("base64") })),
  };
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Writes an OCI layout for each repository, below its name. */
export function writeLayouts(root: string, repositories: number, tags: number): void {
  for (let repository = 0; repository < repositories; repository++) {
    const directory = join(root, nameOf(repository));
    const manifests = manifestsOf(repository, tags);
    for (const { text, descriptor } of [configOf(repository), ...manifests])
      put(join(directory, "blobs", descriptor.digest.replace(":", "/")), text);
    const named = manifests.map(({ descriptor }, number) => ({
      ...descriptor,
      annotations: { "org.opencontainers.image.ref.name": tagOf(number) },
    }));
    put(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    put(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: named }));
  }
}

/** Writes the storage that distribution's registry would have after a push of every image. */
export function writeStorage(root: string, repositories: number, tags: number): void {
  const base = join(root, "docker/registry/v2");
  const putBlob = ({ text, descriptor: { digest } }: Blob): string => {
    const hex = digest.slice("sha256:".length);
    put(join(base, "blobs/sha256", hex.slice(0, 2), hex, "data"), text);
    return digest;
  };
  for (let repository = 0; repository < repositories; repository++) {
    const link = (place: string, digest: string) =>
      put(join(base, "repositories", nameOf(repository), place, "link"), digest);
    const config = putBlob(configOf(repository));
    link(join("_layers", config.replace(":", "/")), config);
    for (const [number, manifest] of manifestsOf(repository, tags).entries()) {
      const digest = putBlob(manifest);
      link(join("_manifests/revisions", digest.replace(":", "/")), digest);
      link(join("_manifests/tags", tagOf(number), "current"), digest);
    }
  }
}
