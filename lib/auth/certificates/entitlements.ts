import { type Certificate, stringIn } from "./certificate.ts";
import { leadsTo, type PathNode, pathNodeOf } from "./content-paths.ts";
import { decodePathTree } from "./path-tree.ts";

/** What a client may see of what is protected. */
export interface Entitlements {
  /** @param path of a repository's URL, as it is there */
  entitles(path: string): boolean;
}

export const NO_ENTITLEMENTS: Entitlements = { entitles: () => false };

const RED_HAT = "1.3.6.1.4.1.2312.9";
const VERSION = `${RED_HAT}.6`;
const PATH_TREE = `${RED_HAT}.7`;
const CONTENT_PATH = /^1\.3\.6\.1\.4\.1\.2312\.9\.2\.\d+\.1\.6$/;

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

/** A certificate that does not say is of the first version, which had no place to say it. */
function versionOf({ extensions }: Certificate): number {
  const extension = extensions.get(VERSION);
  const text = extension === undefined ? "1.0" : textOf(stringIn(extension));
  return Number(/^(\d+)(?:\.|$)/.exec(text)?.[1] ?? Number.NaN);
}

function contentPathsOf({ extensions }: Certificate): PathNode {
  const paths = [...extensions].filter(([oid]) => CONTENT_PATH.test(oid));
  return pathNodeOf(paths.map(([, extension]) => textOf(stringIn(extension))));
}

function pathTreeOf({ extensions }: Certificate): PathNode | undefined {
  const extension = extensions.get(PATH_TREE);
  const payload = extension === undefined ? undefined : stringIn(extension);
  return payload === undefined ? undefined : decodePathTree(payload);
}

/**
 * Reads what a Red Hat entitlement certificate opens. Who issued it, and when it is valid, is not looked at here.
 *
 * Version 1 has one extension for each content path, version 3 one with a compressed tree of them. A certificate of
 * another kind, or a malformed one, opens nothing.
 *
 * @see spec "Entitlement certificates"
 */
export function entitlementsOf(certificate: Certificate): Entitlements {
  const version = versionOf(certificate);
  const root = version === 1 ? contentPathsOf(certificate) : version === 3 ? pathTreeOf(certificate) : undefined;
  return root === undefined ? NO_ENTITLEMENTS : { entitles: (path) => leadsTo(root, path) };
}
