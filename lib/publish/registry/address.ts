/**
 * Addresses of images in registries.
 *
 *     address := "docker://" host [ ":" port ] "/" name [ ":" tag ] [ "@" digest ]
 */
import {
  type Digest,
  parseDigest,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from "../../core/reference.ts";
import { broken } from "../publish-error.ts";

export const REGISTRY_PREFIX = "docker://";

/** A repository of a registry, and which of its images; with neither tag nor digest, those of all tags. */
export interface RegistryAddress {
  /** Host and port. */
  readonly host: string;
  /** Its name in files of credentials. */
  readonly account: string;
  readonly name: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
  /** The address of the repository, for messages. */
  readonly text: string;
}

const HUB = "docker.io";
const HUB_HOST = "registry-1.docker.io";

const FORM = "docker://<host>[:<port>]/<name>[:<tag>][@<digest>]";

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** A single word could be the name of a host as well as of an image; clients take it for an image of Docker's. */
const isHost = (text: string): boolean => HOST.test(text) && (/[.:]/.test(text) || text === "localhost");

/** Cuts at the last such character. */
function cut(text: string, at: number): readonly [string, string | undefined] {
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** @throws {PublishError} when the text breaks the grammar */
export function parseAddress(text: string): RegistryAddress {
  const refuse = (field: string, expected: string, received: string) => broken(text, field, expected, received);
  const rest = text.slice(REGISTRY_PREFIX.length);
  const slash = rest.indexOf("/");
  const host = rest.slice(0, Math.max(slash, 0));
  if (!isHost(host)) throw refuse("", FORM, host === "" ? "no host" : host.replace(/.*@/, "***@"));
  const [tagged, digestText] = cut(rest.slice(slash + 1), rest.slice(slash + 1).indexOf("@"));
  const [path, tagText] = cut(tagged, tagged.lastIndexOf(":"));
  const isHub = host === HUB || host === HUB_HOST || host === `index.${HUB}`;
  const name = parseRepositoryName(isHub && path !== "" && !path.includes("/") ? `library/${path}` : path);
  if (name === undefined) throw refuse("name", "a repository name, such as team/app", path);
  const tag = tagText === undefined ? undefined : parseTag(tagText);
  if (tagText !== undefined && tag === undefined) throw refuse("tag", "a tag", tagText);
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  if (digestText !== undefined && digest === undefined) throw refuse("digest", "a digest", digestText);
  return {
    host: isHub ? HUB_HOST : host,
    account: isHub ? HUB : host,
    name,
    tag,
    digest,
    text: `${REGISTRY_PREFIX}${host}/${name}`,
  };
}

/** Whether a host is this machine, which is trusted to be asked without TLS. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
