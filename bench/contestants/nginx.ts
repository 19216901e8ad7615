/** nginx as a redirector, in two forms: with all references in a map, and with one answer for everything. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nameOf, tagOf, urlOf } from "../data.ts";
import type { Contestant, Field } from "./contestant.ts";

const upTo = (length: number) => Array.from({ length }, (_, number) => number);

const MISSING = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}';

function configuration({ scratch, port }: Field, maps: string, location: string): string {
  return `
worker_processes 1; daemon off; pid ${scratch}/nginx-${port}.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; default_type application/json;
  ${maps}
  server { listen 127.0.0.1:${port}; location / { ${location} } }
}`;
}

function write(field: Field, name: string, text: string): readonly string[] {
  const file = join(field.scratch, name);
  writeFileSync(file, text);
  return ["nginx", "-c", file];
}

/** Manifests are looked up by their whole path, a hash and nothing else; what is not among them is tried as a blob. */
export const nginxMap: Contestant = {
  name: "nginx, a map of all references",
  program: "nginx",
  answers: { manifest: 302, blob: 302, tags: 200, missing: 404 },
  isSame: true,
  prepare: (field) => {
    const repositories = upTo(field.repositories);
    const tags = upTo(field.tags).map(tagOf);
    const manifests = repositories.flatMap((repository) =>
      tags.map((tag) => `"/v2/${nameOf(repository)}/manifests/${tag}" "${urlOf(repository)}manifests/2/${tag}";`),
    );
    const bases = repositories.map((repository) => `"${nameOf(repository)}" "${urlOf(repository)}";`);
    const lists = repositories.map((repository) => {
      const name = nameOf(repository);
      return `"/v2/${name}/tags/list" '${JSON.stringify({ name, tags: tags.toSorted() })}';`;
    });
    const maps = `
  map_hash_max_size 262144; map_hash_bucket_size 512;
  map $name $base { ${bases.join("\n")} }
  map $uri $place {
    "~^/v2/(?<name>.+)/blobs/(?<digest>sha256:[0-9a-f]+)$" "\${base}blobs/$digest";
    ${manifests.join("\n")}
  }
  map $uri $tags { ${lists.join("\n")} }
  add_header Docker-Distribution-API-Version registry/2.0 always;`;
    const location = `if ($place) { return 302 $place; } if ($tags) { return 200 $tags; } return 404 '${MISSING}';`;
    return write(field, "nginx-map.conf", configuration(field, maps, location));
  },
};

export const nginxFixed: Contestant = {
  name: "nginx, one fixed 302",
  program: "nginx",
  answers: { manifest: 302, blob: 302 },
  isSame: false,
  prepare: (field) =>
    write(field, "nginx-fixed.conf", configuration(field, "", `return 302 ${urlOf(1)}manifests/2/v1.1;`)),
};
