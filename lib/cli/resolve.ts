import { type Catalog, servedFrom, v1Repository, v2Repository } from "../core/catalog/catalog.ts";
import { type Explanation, explainV1, explainV2, refusal } from "../core/explain.ts";
import { createLocations, type Locations } from "../core/location/location.ts";
import { type Accept, MEDIA_TYPE, parseAccept } from "../core/media-types.ts";
import { describeFault } from "../core/redirect-file/fault.ts";
import {
  otherSpelling,
  parseReference,
  parseRepositoryName,
  parseV1Name,
  type Reference,
  type RepositoryName,
} from "../core/reference.ts";
import { secondsNow } from "../server/compose.ts";
import { readDirectoryOnce } from "../store/store.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { configOrComplaint } from "./settings.ts";

/** The types that current clients accept. */
const USUAL_ACCEPT = Object.values(MEDIA_TYPE).join(", ");

/** The argument of the command. */
interface ImageReference {
  /** The registry's host in front of the name, which no request contains. */
  readonly host: string | undefined;
  readonly name: RepositoryName;
  readonly reference: Reference;
}

/** The answer to a client of one API; `--json` prints it. */
interface ApiAnswer {
  readonly explanation: Explanation;
  readonly file?: string | undefined;
  readonly version?: number;
}

/** Docker takes the first component for a host when it could be one, as `docker.io` in `docker.io/library/app`. */
function splitHost(text: string): readonly [host: string | undefined, rest: string] {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  return first === "localhost" || /[.:]/.test(first) ? [first, text.slice(slash + 1)] : [undefined, text];
}

const parseName = (text: string): RepositoryName | undefined => parseRepositoryName(text) ?? parseV1Name(text);

/**
 * Reads `name`, `name:tag` or `name@digest`, with or without a host in front; the default tag is `latest`.
 *
 * @param isKnown tells whether there is a repository of a name, in which case nothing in it is a host
 */
function parseAsked(text: string, isKnown: (name: string) => boolean): ImageReference | string {
  const [beforeDigest = "", digest] = text.split("@", 2);
  const colon = digest === undefined ? beforeDigest.lastIndexOf(":") : -1;
  const hasTag = colon > beforeDigest.lastIndexOf("/");
  const whole = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const [host, rest] = isKnown(whole) ? [undefined, whole] : splitHost(whole);
  const name = parseName(rest);
  if (name === undefined) return `expected <name>, <name>:<tag> or <name>@<digest>, received ${JSON.stringify(text)}`;
  const reference = parseReference(digest ?? (hasTag ? beforeDigest.slice(colon + 1) : "latest"));
  return reference === undefined
    ? `expected a tag or a digest after the name, received ${JSON.stringify(text)}`
    : { host, name, reference };
}

const findIn = <Found>(name: string, find: (name: string) => Found | undefined): Found | undefined =>
  find(name) ?? find(otherSpelling(name) ?? name);

function answerOfV2(
  catalog: Catalog,
  { name, reference }: ImageReference,
  accept: Accept,
  locations: Locations,
): ApiAnswer {
  const repository = findIn(name, (each) => v2Repository(catalog, each));
  if (repository === undefined) {
    const v1 = findIn(name, (each) => v1Repository(catalog, each));
    if (v1 === undefined || v1.isProtected)
      return { explanation: refusal("NAME_UNKNOWN", "no file of version 2 to 6 has this name") };
    return {
      explanation: refusal("MANIFEST_UNKNOWN", "only a file of version 1 has this name, so docker falls back to v1"),
    };
  }
  const from = { file: servedFrom(catalog, "v2", repository.name), version: repository.version };
  if (repository.isProtected) return { ...from, explanation: refusal("NAME_UNKNOWN", "the repository is protected") };
  return { ...from, explanation: explainV2(repository, reference, accept, locations) };
}

function answerOfV1(catalog: Catalog, { name, reference }: ImageReference, locations: Locations): ApiAnswer {
  const repository = findIn(name, (each) => v1Repository(catalog, each));
  if (repository === undefined) return { explanation: refusal("not found", "no file of version 1 has this name") };
  const from = { file: servedFrom(catalog, "v1", repository.name), version: 1 };
  if (repository.isProtected) return { ...from, explanation: refusal("not found", "the repository is protected") };
  return { ...from, explanation: explainV1(repository, reference, locations) };
}

function linesOf(api: string, { file, version, explanation }: ApiAnswer): readonly string[] {
  const lines = [`${api}: ${explanation.found ? "found" : explanation.error}`];
  const add = (label: string, text: string | undefined): void => {
    if (text !== undefined) lines.push(`    ${`${label}:`.padEnd(7)} ${text}`);
  };
  add("file", file === undefined ? undefined : `${file}, version ${version}`);
  if (!explanation.found) {
    add("reason", explanation.reason);
    add("types", explanation.types?.join(", ") || undefined);
    return lines;
  }
  add("rule", explanation.rule);
  if (explanation.manifest !== undefined) {
    const { mediaType, digest, size } = explanation.manifest;
    add("type", mediaType);
    add("digest", digest);
    add("size", `${size} bytes${explanation.url === undefined ? ", sent by craned itself" : ""}`);
  }
  add("url", explanation.url);
  return lines;
}

/** `craned resolve`: prints what a client that asks for a name receives, and why. */
export async function resolve(
  text: string,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<ExitCode> {
  const complainOf = (problem: string): ExitCode => {
    terminal.complain(`error: ${problem}\n`);
    return EXIT.usage;
  };
  const early = parseAsked(text, () => false);
  if (typeof early === "string") return complainOf(early);
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const header = typeof options["accept"] === "string" ? options["accept"] : USUAL_ACCEPT;
  const { catalog, faults, loadedAt } = await readDirectoryOnce(config.general.dataDir, config.s3);
  if (loadedAt === undefined) {
    for (const [path, { faults: all }] of faults) terminal.complain(`error: ${path}: ${describeFault(all[0])}\n`);
    return EXIT.failed;
  }
  const isKnown = (name: string) => (v2Repository(catalog, name) ?? v1Repository(catalog, name)) !== undefined;
  const asked = parseAsked(text, isKnown);
  if (typeof asked === "string") return complainOf(asked);
  const locations = createLocations(config.cdn, secondsNow);
  const v2 = answerOfV2(catalog, asked, parseAccept(header), locations);
  const v1 = answerOfV1(catalog, asked, locations);
  const { host, name, reference } = asked;
  if (options["json"] === true) {
    const of = ({ explanation, ...from }: ApiAnswer) => ({ ...from, ...explanation });
    terminal.print(
      `${JSON.stringify({ host, name, reference, accept: header, v2: of(v2), v1: of(v1) }, undefined, 2)}\n`,
    );
  } else {
    if (host !== undefined) terminal.complain(`note: ${host} is taken as the registry's host and ignored\n`);
    terminal.print(`${[...linesOf("v2", v2), ...linesOf("v1", v1)].join("\n")}\n`);
  }
  return v2.explanation.found || v1.explanation.found ? EXIT.ok : EXIT.failed;
}
