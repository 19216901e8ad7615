/** Says whether a repository is whole: everything that its redirect files promise is there, and has the right bytes. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { KIND_BIT } from "../../lib/core/redirect-file/manifest-table.ts";
import { parseRedirectFile } from "../../lib/core/redirect-file/parse.ts";
import type { WholeRepository } from "../../lib/core/redirect-file/repository.ts";
import { digestsIn } from "../../lib/core/redirect-file/whole-table.ts";
import { sha256 } from "../harness/redirect-files.ts";
import type { Descriptor, Site } from "./layouts.ts";

const KINDS = ["1", "2", "list", "oci", "index"] as const;

const kindOf = (mediaType: string) => KINDS.find((kind) => MEDIA_TYPE[kind] === mediaType);

interface AnyManifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** What is wrong with the files of version 6: every blob that a manifest names is there, and all is an OCI image layout. */
function faultsOfWhole(repository: WholeRepository, root: string): readonly string[] {
  const digests = new Set<string>(digestsIn(repository));
  const listed: { readonly manifests: readonly Descriptor[] } = JSON.parse(
    readFileSync(join(root, "index.json"), "utf8"),
  );
  for (const { digest } of listed.manifests) digests.add(digest);
  return [...digests].flatMap((digest) => {
    const path = join(root, "blobs", digest.replace(":", "/"));
    if (!existsSync(path)) return [`${path} is missing`];
    return sha256(readFileSync(path)) === digest ? [] : [`${path} has other bytes`];
  });
}

/** What is wrong for clients of v2, each in a line. */
export function faultsOfV2(site: Site): readonly string[] {
  const faults: string[] = [];
  const root = join(site.content, "team-app");
  const parsed = parseRedirectFile(readFileSync(join(site.metadata, "v2/team-app.json")));
  if (!parsed.ok || parsed.repository.api !== "v2") return ["the redirect file is broken"];
  if (parsed.repository.version === 6) return faultsOfWhole(parsed.repository, root);
  const { manifests, amd64, referrers } = parsed.repository;
  const known = new Set<string>(manifests.references.filter((reference) => reference.includes(":")));

  const read = (path: string): Buffer | undefined => {
    if (existsSync(join(root, path))) return readFileSync(join(root, path));
    faults.push(`${path} is missing`);
    return undefined;
  };
  const mustMatch = (path: string, digest: string): void => {
    const bytes = read(path);
    if (bytes !== undefined && sha256(bytes) !== digest) faults.push(`${path} has other bytes`);
  };
  const mustBeWhole = (path: string): void => {
    const bytes = read(path);
    if (bytes === undefined) return;
    if (!known.has(sha256(bytes))) faults.push(`${path} has a manifest whose digest is not known`);
    const { config, layers = [], manifests: children = [] }: AnyManifest = JSON.parse(bytes.toString());
    for (const { digest } of [...layers, ...(config === undefined ? [] : [config])])
      mustMatch(`blobs/${digest}`, digest);
    for (const { digest, mediaType } of children) {
      if (!known.has(digest)) faults.push(`${path} names ${digest}, which is not known`);
      mustMatch(`manifests/${kindOf(mediaType)}/${digest}`, digest);
    }
  };
  for (const [at, reference] of manifests.references.entries()) {
    for (const kind of KINDS) {
      if ((manifests.kinds.charCodeAt(at) & KIND_BIT[kind]) === 0) continue;
      mustBeWhole(`manifests/${kind}/${reference}`);
      if (reference.includes(":")) mustMatch(`manifests/${kind}/${reference}`, reference);
    }
  }
  for (const { digest, kind } of amd64.values()) mustMatch(`manifests/${kind}/${digest}`, digest);
  for (const { digest } of [...referrers.values()].flat())
    if (!known.has(String(digest))) faults.push(`${digest} is lost`);
  return faults;
}

/** What is wrong for clients of v1. */
export function faultsOfV1(site: Site): readonly string[] {
  const root = join(site.content, "team-app");
  const parsed = parseRedirectFile(readFileSync(join(site.metadata, "v1/team-app.json")));
  if (!parsed.ok || parsed.repository.api !== "v1") return ["the redirect file is broken"];
  const ids = new Set<string>(parsed.repository.images.map(({ id }) => id));
  return [...ids, ...parsed.repository.tags.values()].flatMap((id) => {
    const path = (name: string) => join(root, id, name);
    const missing = ["json", "ancestry", "layer"].filter((name) => !existsSync(path(name)));
    if (missing.length > 0) return missing.map((name) => `${id}/${name} is missing`);
    const ancestry: readonly string[] = JSON.parse(readFileSync(path("ancestry"), "utf8"));
    const lost = ancestry.filter((each) => !ids.has(each)).map((each) => `${id}/ancestry has ${each}`);
    return JSON.parse(readFileSync(path("json"), "utf8")).id === id
      ? lost
      : [...lost, `${id}/json is of another image`];
  });
}
