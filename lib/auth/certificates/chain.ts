/**
 * From an authority down to a client's certificate, by RFC 5280 section 6 as far as it applies here.
 *
 * The runtime's X.509 reader compares names and key identifiers and checks signatures; it refuses MD5. Dates, the right
 * to issue, path lengths, purposes and name constraints are checked here. A critical extension that is not understood
 * breaks the chain.
 *
 * The search starts at the top: a signature is only ever checked with the key of an authority, or with a key that an
 * authority vouches for. Made-up certificates therefore cost a few checks with the operator's own key, whatever keys
 * they hold and however they refer to each other.
 */
import type { Certificate } from "./certificate.ts";
import { readOid, readOnly, readSequence, TAG } from "./der.ts";
import { isWithinConstraints, NAME_CONSTRAINTS, SUBJECT_ALT_NAME } from "./name-constraints.ts";

/** When a chain holds, both ends included, in milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Certificates that the operator trusts, intermediate ones too. */
export type Authorities = readonly Certificate[];

const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
/** Policies limit nothing unless another extension asks for one, and that extension is not understood. */
const CERTIFICATE_POLICIES = "2.5.29.32";
const UNDERSTOOD: ReadonlySet<string> = new Set([
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  CERTIFICATE_POLICIES,
  NAME_CONSTRAINTS,
  SUBJECT_ALT_NAME,
]);

const CLIENT_AUTHENTICATION: readonly string[] = ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];
const KEY_CERT_SIGN = 0x04;
const NOTHING = new Uint8Array();

/** Certificates above the leaf. */
const MAX_DEPTH = 8;
/** Signatures checked for one leaf: the longest chain takes eight. */
const MAX_SIGNATURES = 12;
/** Signatures among them that may fail: those of authorities with the same name, such as replaced ones. */
const MAX_MISMATCHES = 4;

/** Tells whether every critical extension is understood. */
export const isUnderstood = ({ extensions }: Certificate): boolean =>
  extensions.entries().every(([oid, { isCritical }]) => !isCritical || UNDERSTOOD.has(oid));

const isSelfIssued = ({ x509 }: Certificate): boolean => x509.subject === x509.issuer;

function readPathLength(content: Uint8Array): number | undefined {
  const isNegative = (content[0] ?? 0x80) >= 0x80;
  return isNegative || content.length > 4 ? undefined : content.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** @returns how many issuers may stand between this one and a leaf; undefined when it may issue nothing */
export function pathLengthOf({ extensions }: Certificate): number | undefined {
  const [isAuthority, limit, ...others] = readSequence(extensions.get(BASIC_CONSTRAINTS)?.value ?? NOTHING) ?? [];
  if (isAuthority?.tag !== TAG.boolean || isAuthority.content[0] !== 0xff || others.length > 0) return undefined;
  const usage = extensions.get(KEY_USAGE);
  if (usage !== undefined) {
    const bits = readOnly(usage.value, TAG.bitString) ?? NOTHING;
    if (((bits[1] ?? 0) & KEY_CERT_SIGN) === 0) return undefined;
  }
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return limit.tag === TAG.integer ? readPathLength(limit.content) : undefined;
}

/** A certificate that names its purposes must name client authentication, a leaf and an issuer alike. */
export function isForClients({ extensions }: Certificate): boolean {
  const extension = extensions.get(EXTENDED_KEY_USAGE);
  if (extension === undefined) return true;
  const purposes = readSequence(extension.value) ?? [];
  return purposes.some(({ tag, content }) => tag === TAG.oid && CLIENT_AUTHENTICATION.includes(readOid(content) ?? ""));
}

/** Compares names and key identifiers, which costs less than a microsecond. */
function namesMatch(child: Certificate, issuer: Certificate): boolean {
  try {
    return child.x509.checkIssued(issuer.x509);
  } catch {
    return false;
  }
}

function isSignedBy(child: Certificate, issuer: Certificate): boolean {
  try {
    return child.x509.verify(issuer.x509.publicKey);
  } catch {
    // A key of a kind that the runtime does not know signs nothing.
    return false;
  }
}

/** Tells whether something that holds for a time holds at one moment. */
export const holdsAt = ({ notBefore, notAfter }: Validity, at: number): boolean => notBefore <= at && at <= notAfter;

/** @returns the intermediates that lead up from the leaf by their names, nearest first */
function ancestorsOf(leaf: Certificate, intermediates: readonly Certificate[]): readonly Certificate[] {
  const ancestors: Certificate[] = [];
  const children = [leaf];
  for (let child = children.shift(); child !== undefined; child = children.shift()) {
    for (const issuer of intermediates) {
      if (ancestors.includes(issuer) || !namesMatch(child, issuer)) continue;
      ancestors.push(issuer);
      children.push(issuer);
    }
  }
  return ancestors;
}

/**
 * Searches for a chain from an authority to a client's certificate in which every certificate is valid at the time.
 *
 * @param at in milliseconds since 1970
 * @returns for how long the chain holds, or undefined when there is none
 */
export function verifyChain(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  authorities: Authorities,
  at: number,
): Validity | undefined {
  const isUsable = (each: Certificate): boolean => holdsAt(each, at) && isUnderstood(each) && isForClients(each);
  if (!isUsable(leaf)) return undefined;
  const isAuthority = ({ der }: Certificate): boolean =>
    authorities.some((each) => Buffer.compare(each.der, der) === 0);
  const sent = intermediates.filter((each) => pathLengthOf(each) !== undefined && isUsable(each) && !isAuthority(each));
  const candidates = [leaf, ...ancestorsOf(leaf, sent)];
  let [signatures, mismatches] = [0, 0];

  /**
   * @param path from the authority to an issuer
   * @param room how many more issuers may follow, those that issued themselves not counted
   */
  const descend = (path: readonly Certificate[], issuer: Certificate, room: number): readonly Certificate[] => {
    for (const child of candidates) {
      const isLeaf = child === leaf;
      const left = isLeaf ? room : Math.min(isSelfIssued(child) ? room : room - 1, pathLengthOf(child) ?? -1);
      if (left < 0 || (!isLeaf && path.length >= MAX_DEPTH)) continue;
      if (path.includes(child) || !namesMatch(child, issuer)) continue;
      if (signatures >= MAX_SIGNATURES || mismatches >= MAX_MISMATCHES) return [];
      signatures++;
      if (!isSignedBy(child, issuer)) {
        mismatches++;
        continue;
      }
      const longer = [...path, child];
      const chain = isLeaf ? longer : descend(longer, child, left);
      if (chain.length > 0 && (!isLeaf || isWithinConstraints(chain))) return chain;
    }
    return [];
  };

  for (const authority of authorities) {
    const chain = isUsable(authority) ? descend([authority], authority, pathLengthOf(authority) ?? -1) : [];
    if (chain.length === 0) continue;
    return {
      notBefore: Math.max(...chain.map(({ notBefore }) => notBefore)),
      notAfter: Math.min(...chain.map(({ notAfter }) => notAfter)),
    };
  }
  return undefined;
}
