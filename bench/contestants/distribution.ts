/**
 * Distribution's registry, of version 2 and 3, on a directory. It serves manifests itself, out of its files; blobs it
 * redirects, by the middleware that it has for that.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { blobOf, digestOf, nameOf, tagOf } from "../data.ts";
import type { Contestant, Field } from "./contestant.ts";

const SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json";

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Writes the images of all repositories as the registry itself would have them after a push. */
function writeStorage(root: string, repositories: number, tags: number): void {
  const base = join(root, "docker/registry/v2");
  const putBlob = (text: string): string => {
    const digest = digestOf(text);
    const hex = digest.slice("sha256:".length);
    put(join(base, "blobs/sha256", hex.slice(0, 2), hex, "data"), text);
    return digest;
  };
  for (let repository = 0; repository < repositories; repository++) {
    const directory = join(base, "repositories", nameOf(repository));
    const link = (place: string, digest: string) => put(join(directory, place, "link"), digest);
    const config = putBlob(blobOf(repository));
    link(join("_layers", config.replace(":", "/")), config);
    for (let number = 0; number < tags; number++) {
      const size = blobOf(repository).length;
      const type = "application/vnd.docker.container.image.v1+json";
      const layers = [{ mediaType: `${SCHEMA_2}.${number}`, size, digest: config }];
      const manifest = {
        schemaVersion: 2,
        mediaType: SCHEMA_2,
        config: { mediaType: type, size, digest: config },
        layers,
      };
      const digest = putBlob(JSON.stringify(manifest));
      link(join("_manifests/revisions", digest.replace(":", "/")), digest);
      link(join("_manifests/tags", tagOf(number), "current"), digest);
    }
  }
}

const configuration = (root: string, port: number): string => `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${root} }
  cache: { blobdescriptor: inmemory }
  maintenance: { uploadpurging: { enabled: false } }
middleware: { storage: [{ name: redirect, options: { baseurl: "http://static.example.com/" } }] }
http: { addr: "127.0.0.1:${port}", secret: bench }
health: { storagedriver: { enabled: false } }
`;

const registry = (name: string, program: string): Contestant => ({
  name,
  program,
  answers: { manifest: 200, blob: 307, tags: 200, missing: 404 },
  isSame: false,
  prepare: ({ scratch, port, repositories, tags }: Field) => {
    const root = join(scratch, "distribution");
    if (!existsSync(root)) writeStorage(root, repositories, tags);
    const file = join(scratch, `${program}.yml`);
    writeFileSync(file, configuration(root, port));
    return [program, "serve", file];
  },
});

export const distribution2 = registry("distribution 2.8", "docker-registry");
export const distribution3 = registry("distribution 3", "distribution-registry");
