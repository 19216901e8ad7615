import { LRUCache } from "lru-cache";
import { type AddressSet, contains } from "../../config/addresses.ts";
import type { Config } from "../../config/config.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type Authorities, holdsAt, type Validity, verifyChain } from "./chain.ts";
import { type Entitlements, entitlementsOf, NO_ENTITLEMENTS } from "./entitlements.ts";
import {
  type CertificateHeaders,
  certificateHeaders,
  type HeaderGetter,
  parseCertificateHeaders,
  type SentCertificates,
} from "./headers.ts";

/** Returns the entitlements of the client of a request; `peer` is the address at the other end of the connection. */
export type CertificateClients = (get: HeaderGetter, peer: string) => Entitlements;

export interface CertificateClientsOptions {
  readonly auth: Config["auth"];
  readonly trustedProxies: AddressSet;
  /** Authorities in `auth.clientCa`; when it is configured and absent here, no client has entitlements. */
  readonly authorities: Authorities | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A verified certificate. */
interface VerifiedCertificate {
  readonly validity: Validity;
  readonly entitlements: Entitlements;
}

/** Verifies a certificate, and returns when it is valid. */
type Verify = (leaf: Certificate, sent: SentCertificates, at: number) => Validity | undefined;

/** A few hundred hosts pull at a time; each entry holds the headers and the content paths. */
const MAX_VERIFIED = 256;
/** An entry is a digest and a time. */
const MAX_REFUSED = 4096;
/** For how long a refused certificate is not verified again: it may become valid. */
const REFUSED_MS = 1000;

function verifierOf({ auth, authorities }: CertificateClientsOptions): Verify | undefined {
  if (authorities !== undefined) {
    return (leaf, { intermediates }, at) => {
      const others = intermediates.map(parseCertificate).filter((each) => each !== undefined);
      return verifyChain(leaf, others, authorities, at);
    };
  }
  const isByProxy = auth.clientCa === undefined && auth.clientCertVerifiedByProxy;
  return isByProxy ? (leaf, _, at) => (holdsAt(leaf, at) ? leaf : undefined) : undefined;
}

/** The key of verified headers: themselves, since a digest takes as long as a redirect. Headers have no line ends. */
const keyOf = ({ certificate, chain }: CertificateHeaders): string =>
  chain === undefined ? certificate : `${certificate}\n${chain}`;

/** The key of refused headers, of which there may be any number. */
const digestOf = (key: string): string => new Bun.CryptoHasher("sha256").update(key).digest("base64");

/**
 * Creates the reader of client certificates, which believes trusted proxies only.
 *
 * Verified certificates are cached, and their dates checked in each request. Refused ones are cached apart, since a
 * client can make up any number of them, and for a second, since a certificate may become valid.
 */
export function createCertificateClients(options: CertificateClientsOptions): CertificateClients {
  const { auth, trustedProxies, now } = options;
  const format = auth.clientCertFormat;
  const verify = verifierOf(options);
  if (format === undefined || verify === undefined) return () => NO_ENTITLEMENTS;
  const verified = new LRUCache<string, VerifiedCertificate>({ max: MAX_VERIFIED });
  const refused = new LRUCache<string, number>({ max: MAX_REFUSED });

  const examine = (headers: CertificateHeaders, at: number): VerifiedCertificate | undefined => {
    const sent = parseCertificateHeaders(headers, format);
    const leaf = sent === undefined ? undefined : parseCertificate(sent.leaf);
    if (sent === undefined || leaf === undefined) return undefined;
    const validity = verify(leaf, sent, at);
    return validity === undefined ? undefined : { validity, entitlements: entitlementsOf(leaf) };
  };

  return (get, peer) => {
    if (!contains(trustedProxies, peer)) return NO_ENTITLEMENTS;
    const headers = certificateHeaders(get, format, auth.clientCertHeader);
    if (headers === undefined) return NO_ENTITLEMENTS;
    const at = now();
    const key = keyOf(headers);
    const cached = verified.get(key);
    if (cached !== undefined && holdsAt(cached.validity, at)) return cached.entitlements;
    const digest = digestOf(key);
    const refusedAt = refused.get(digest);
    if (refusedAt !== undefined && refusedAt <= at && at < refusedAt + REFUSED_MS) return NO_ENTITLEMENTS;
    const client = examine(headers, at);
    if (client === undefined) refused.set(digest, at);
    else verified.set(key, client);
    return client?.entitlements ?? NO_ENTITLEMENTS;
  };
}
