import { type Catalog, servedFrom, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import { createLocations, type Locations } from "../core/location/location.ts";
import { type Accept, MEDIA_TYPE, parseAccept } from "../core/media-types.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import {
  parseReference,
  parseRepositoryName,
  type Reference,
  type RepositoryName,
  type Tag,
} from "../core/reference.ts";
import { type Resolution, type Rule, resolveManifest } from "../core/resolve.ts";
import { readDirectoryOnce } from "../store/store.ts";
import { secondsNow } from "../server/compose.ts";
import { configOrComplaint } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

const RULES: Readonly<Record<Rule, string>> = {
  unsplit: "version 2 files do not tell types apart",
  "no-lists": "the file lists no schema 2 manifest and no manifest list, so all are schema 1",
  "blind-list": "the client names the manifest list type, and the reference is in manifest_list_data",
  "blind-amd64": "the tag is in manifest_list_amd64_tags",
  "blind-schema2": "the client names the schema 2 type, and the reference is in schema2_data",
  "blind-schema1": "nothing else fits; whether schema 1 has it, the file does not say",
  digest: "a digest names one manifest, whatever the client accepts",
  tag: "the best of the tag's types that the client accepts",
  "tag-amd64": "the client takes no list, so the list's linux/amd64 manifest",
};

const WHY_NOT: Readonly<Record<Extract<Resolution, { kind: "unknown" }>["why"], string>> = {
  unknown: "the file knows all of its references, and this is none of them",
  "not-acceptable": "the tag is there, but in no type that the client accepts",
};

/** What clients of today send. */
const USUAL_ACCEPT = Object.values(MEDIA_TYPE).join(", ");

interface Asked {
  readonly name: RepositoryName;
  readonly reference: Reference;
}

/** Reads `name`, `name:tag` or `name@digest`; the tag is `latest` where there is none. */
function parseAsked(text: string): Asked | string {
  const [beforeDigest = "", digest] = text.split("@", 2);
  const colon = digest === undefined ? beforeDigest.lastIndexOf(":") : -1;
  const name = parseRepositoryName(colon === -1 ? beforeDigest : beforeDigest.slice(0, colon));
  if (name === undefined) return `expected <name>, <name>:<tag> or <name>@<digest>, received ${JSON.stringify(text)}`;
  const reference = parseReference(digest ?? (colon === -1 ? "latest" : beforeDigest.slice(colon + 1)));
  return reference === undefined
    ? `expected a tag or a digest after the name, received ${JSON.stringify(text)}`
    : { name, reference };
}

function v2Lines(
  catalog: Catalog,
  { name, reference }: Asked,
  accept: Accept,
  locations: Locations,
): readonly [boolean, string[]] {
  const repository = v2Repository(catalog, name);
  if (repository === undefined) return [false, ["v2: NAME_UNKNOWN, no file of version 2 to 5 has this name"]];
  const file = `    file: ${servedFrom(catalog, "v2", name)}, version ${repository.version}`;
  if (repository.isProtected) return [false, ["v2: NAME_UNKNOWN, the repository is protected", file]];
  const resolution = resolveManifest(repository, reference, accept);
  if (resolution.kind === "unknown")
    return [false, ["v2: MANIFEST_UNKNOWN", file, `    rule: ${WHY_NOT[resolution.why]}`]];
  const path = resolution.kind === "path" ? resolution.path : "";
  const url = locations.v2(repository.url, path);
  return [true, ["v2: found", file, `    rule: ${RULES[resolution.rule]}`, `    url:  ${url}`]];
}

function v1Lines(catalog: Catalog, { name, reference }: Asked, locations: Locations): readonly [boolean, string[]] {
  const repository = v1Repository(catalog, name);
  if (repository === undefined) return [false, ["v1: not found, no file of version 1 has this name"]];
  const file = `    file: ${servedFrom(catalog, "v1", name)}, version 1`;
  if (repository.isProtected) return [false, ["v1: not found, the repository is protected", file]];
  const id = repository.tags.get(reference as Tag);
  if (id === undefined) return [false, ["v1: not found, the file has no such tag", file]];
  return [true, ["v1: found", file, `    url:  ${locations.v1(repository.url, `${id}/json`)}`]];
}

/** `craned resolve`: what a client that asks for a name would be told, and why. */
export async function resolve(
  text: string,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<ExitCode> {
  const asked = parseAsked(text);
  if (typeof asked === "string") {
    terminal.complain(`error: ${asked}\n`);
    return EXIT.usage;
  }
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const header = typeof options["accept"] === "string" ? options["accept"] : USUAL_ACCEPT;
  const { catalog, faults, loadedAt } = await readDirectoryOnce(config.general.dataDir, config.s3);
  if (loadedAt === undefined) {
    for (const [path, { faults: all }] of faults) terminal.complain(`error: ${path}: ${describeFault(all[0])}\n`);
    return EXIT.failed;
  }
  const locations = createLocations(config.cdn, secondsNow);
  const [isOnV2, onV2] = v2Lines(catalog, asked, parseAccept(header), locations);
  const [isOnV1, onV1] = v1Lines(catalog, asked, locations);
  terminal.print(`${[...onV2, ...onV1].join("\n")}\n`);
  return isOnV2 || isOnV1 ? EXIT.ok : EXIT.failed;
}
