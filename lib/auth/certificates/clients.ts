import { type AddressSet, contains } from "../../config/addresses.ts";
import type { Config } from "../../config/config.ts";
import { LRUCache } from "lru-cache";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type Authorities, holdsAt, type Validity, verifyChain } from "./chain.ts";
import {
  type CertificateHeaders,
  certificateHeaders,
  type HeaderGetter,
  parseCertificateHeaders,
  type SentCertificates,
} from "./headers.ts";
import { type Entitlements, entitlementsOf, NO_ENTITLEMENTS } from "./entitlements.ts";

/** Says what the client of a request may see; `peer` is the address at the other end of the connection. */
export type CertificateClients = (get: HeaderGetter, peer: string) => Entitlements;

export interface CertificateClientsOptions {
  readonly auth: Config["auth"];
  readonly trustedProxies: AddressSet;
  /** What `auth.clientCa` has; while it is absent though the configuration names one, nobody is entitled. */
  readonly authorities: Authorities | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A certificate that was found to be good, and until when. */
interface Known {
  readonly validity: Validity;
  readonly entitlements: Entitlements;
}

/** Whether a certificate counts, and when. */
type Verify = (leaf: Certificate, sent: SentCertificates, at: number) => Validity | undefined;

/** A few hundred hosts pull at a time; each takes the memory of its certificate and its paths. */
const MAX_KNOWN = 256;

function verifierOf({ auth, authorities }: CertificateClientsOptions): Verify | undefined {
  if (authorities !== undefined) {
    return (leaf, { intermediates }, at) => {
      const others = intermediates.map(parseCertificate).filter((each) => each !== undefined);
      return verifyChain(leaf, others, authorities, at);
    };
  }
  const isProxysWord = auth.clientCa === undefined && auth.clientCertVerifiedByProxy;
  return isProxysWord ? (leaf, _, at) => (holdsAt(leaf, at) ? leaf : undefined) : undefined;
}

// A header has no line ends.
const keyOf = ({ certificate, chain }: CertificateHeaders): string =>
  chain === undefined ? certificate : `${certificate}\n${chain}`;

/**
 * Makes the reader of client certificates. Only a trusted proxy is listened to.
 *
 * Certificates that are good are remembered, so that the next request with one costs little; those that are not could
 * be made up without end and would push the others out. Their dates are looked at each time.
 */
export function createCertificateClients(options: CertificateClientsOptions): CertificateClients {
  const { auth, trustedProxies, now } = options;
  const format = auth.clientCertFormat;
  const verify = verifierOf(options);
  if (format === undefined || verify === undefined) return () => NO_ENTITLEMENTS;
  const known = new LRUCache<string, Known>({ max: MAX_KNOWN });

  const examine = (headers: CertificateHeaders, at: number): Known | undefined => {
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
    const before = known.get(key);
    if (before !== undefined && holdsAt(before.validity, at)) return before.entitlements;
    const client = examine(headers, at);
    if (client === undefined) return NO_ENTITLEMENTS;
    known.set(key, client);
    return client.entitlements;
  };
}
