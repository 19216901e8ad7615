import { type Certificate, stringIn } from "./certificate.ts";
import { covers, type PathNode, pathNodeOf } from "./content-paths.ts";
import { decodePathTree } from "./path-tree.ts";

/** The protected content that a client may see. */
export interface Entitlements {
  /** @param path the path of a repository's URL, not decoded */
  entitles(path: string): boolean;
}

export const NO_ENTITLEMENTS: Entitlements = { entitles: () => false };

const RED_HAT = "1.3.6.1.4.1.2312.9";
const VERSION = `${RED_HAT}.6`;
const PATH_TREE = `${RED_HAT}.7`;
const CONTENT_PATH = /^1\.3\.6\.1\.4\.1\.2312\.9\.2\.\d+\.1\.6$/;

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

/** A certificate without the extension is of version 1, which did not have it. */
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
 * Reads the content paths of a Red Hat entitlement certificate. The caller verifies issuer and dates.
 *
 * Version 1 has one extension for each content path, version 3 one with a compressed tree of them. A certificate of
 * another kind, or a malformed one, entitles to nothing.
 *
 * @see spec "Entitlement certificates"
 */
export function entitlementsOf(certificate: Certificate): Entitlements {
  const version = versionOf(certificate);
  const root = version === 1 ? contentPathsOf(certificate) : version === 3 ? pathTreeOf(certificate) : undefined;
  return root === undefined ? NO_ENTITLEMENTS : { entitles: (path) => covers(root, path) };
}
