/**
 * From a client's certificate up to an authority, by RFC 5280 section 6 as far as it is used here.
 *
 * The runtime's own X.509 reader compares names and key identifiers and checks signatures; MD5 it refuses by itself.
 * What it does not do is done here: dates, who may issue, path lengths. An extension that must be understood and is
 * not (name constraints among them) breaks the chain.
 */
import { type Certificate, parseCertificate } from "./certificate.ts";
import { readOid, readOnly, readSequence, TAG } from "./der.ts";
import { readPem } from "./pem.ts";

/** When a chain holds, both ends included, in milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Certificates that are trusted because the operator says so, intermediate ones too. */
export type Authorities = readonly Certificate[];

/** The authorities of a file, or what is wrong with it. */
export type AuthoritiesResult =
  | { readonly ok: true; readonly authorities: Authorities }
  | { readonly ok: false; readonly expected: string; readonly received: string };

const OID = {
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  subjectAltName: "2.5.29.17",
  // Policies limit nothing unless somebody asks for one, or for any; the extension that asks is not understood.
  certificatePolicies: "2.5.29.32",
} as const;
const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(OID));

const CLIENT_AUTHENTICATION: readonly string[] = ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];
const KEY_CERT_SIGN = 0x04;
const NOTHING = new Uint8Array();

/** Certificates above the leaf. */
const MAX_DEPTH = 8;
/** Enough for every honest chain with a rollover or two; without it, cross-signed ones could ask for 10! checks. */
const MAX_SIGNATURES = 32;

const isUnderstood = ({ extensions }: Certificate): boolean =>
  extensions.entries().every(([oid, { isCritical }]) => !isCritical || UNDERSTOOD.has(oid));

const isSelfIssued = ({ x509 }: Certificate): boolean => x509.subject === x509.issuer;

function readPathLength(content: Uint8Array): number | undefined {
  const isNegative = (content[0] ?? 0x80) >= 0x80;
  return isNegative || content.length > 4 ? undefined : content.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** @returns how many issuers may stand between this one and a leaf; undefined when it may issue nothing */
function pathLengthOf(certificate: Certificate): number | undefined {
  const { extensions } = certificate;
  const [isAuthority, limit, ...others] = readSequence(extensions.get(OID.basicConstraints)?.value ?? NOTHING) ?? [];
  if (isAuthority?.tag !== TAG.boolean || isAuthority.content[0] !== 0xff || others.length > 0) return undefined;
  const usage = extensions.get(OID.keyUsage);
  if (usage !== undefined) {
    const bits = readOnly(usage.value, TAG.bitString) ?? NOTHING;
    if (((bits[1] ?? 0) & KEY_CERT_SIGN) === 0) return undefined;
  }
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return limit.tag === TAG.integer ? readPathLength(limit.content) : undefined;
}

/** A certificate that says what it is for must say that it is for clients. */
function isForClients({ extensions }: Certificate): boolean {
  const extension = extensions.get(OID.extendedKeyUsage);
  if (extension === undefined) return true;
  const purposes = readSequence(extension.value) ?? [];
  return purposes.some(({ tag, content }) => tag === TAG.oid && CLIENT_AUTHENTICATION.includes(readOid(content) ?? ""));
}

/** Compares names and key identifiers, which costs little. */
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

const overlap = (left: Validity, right: Validity): Validity => ({
  notBefore: Math.max(left.notBefore, right.notBefore),
  notAfter: Math.min(left.notAfter, right.notAfter),
});

/**
 * Looks for a chain of issuers from a client's certificate to an authority, every one valid at the time.
 *
 * @param at in milliseconds since 1970
 * @returns for how long the chain that was found holds, or undefined when there is none
 */
export function verifyChain(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  authorities: Authorities,
  at: number,
): Validity | undefined {
  let signatures = 0;

  /** @param below how many issuers stand between `child`'s issuer and the leaf */
  const climb = (child: Certificate, below: number, used: readonly Certificate[]): Validity | undefined => {
    if (used.length > MAX_DEPTH) return undefined;
    for (const issuer of [...authorities, ...intermediates]) {
      const mayIssue = (pathLengthOf(issuer) ?? -1) >= below && isUnderstood(issuer) && holdsAt(issuer, at);
      if (!mayIssue || used.includes(issuer) || !namesMatch(child, issuer)) continue;
      if (signatures++ >= MAX_SIGNATURES) return undefined;
      if (!isSignedBy(child, issuer)) continue;
      if (authorities.includes(issuer)) return overlap(child, issuer);
      const above = climb(issuer, below + (isSelfIssued(issuer) ? 0 : 1), [...used, issuer]);
      if (above !== undefined) return overlap(child, above);
    }
    return undefined;
  };

  return holdsAt(leaf, at) && isUnderstood(leaf) && isForClients(leaf) ? climb(leaf, 0, [leaf]) : undefined;
}

/**
 * Reads a file of authorities.
 *
 * @param text PEM; what stands around the certificates is taken for comments
 */
export function parseAuthorities(text: string): AuthoritiesResult {
  const { certificates, around } = readPem(text);
  const fault = (received: string): AuthoritiesResult => ({
    ok: false,
    expected: "certificates of authorities in PEM",
    received,
  });
  if (around.includes("-----BEGIN CERTIFICATE-----")) return fault("one that breaks off or is not base64");
  const authorities: Certificate[] = [];
  for (const [index, der] of certificates.entries()) {
    const authority = der === undefined ? undefined : parseCertificate(der);
    if (authority === undefined) return fault(`something else as number ${index + 1}`);
    if (pathLengthOf(authority) === undefined) return fault(`one that may not issue any, as number ${index + 1}`);
    if (!isUnderstood(authority)) return fault(`one with limits that are not understood, as number ${index + 1}`);
    authorities.push(authority);
  }
  return authorities.length === 0 ? fault("none") : { ok: true, authorities };
}
