/** The headers in which proxies pass a client's certificate on. */
import type { Config } from "../../config/config.ts";
import { decodeBase64, readPem } from "./certificate.ts";

/** An encoding of a client's certificate in a header. */
export type CertificateFormat = NonNullable<Config["auth"]["clientCertFormat"]>;

/** The value of a request's header, lines of one name joined by commas; its name in lower case. */
export type HeaderGetter = (name: string) => string | undefined;

/** The headers that hold a client's certificate, undecoded. */
export interface CertificateHeaders {
  readonly certificate: string;
  /** The second header of RFC 9440. */
  readonly chain: string | undefined;
}

/** The certificates that a proxy passes on: DER, not verified. */
export interface SentCertificates {
  readonly leaf: Uint8Array;
  /** Certificates that may lead from the leaf to an authority. */
  readonly intermediates: readonly Uint8Array[];
}

/** The header of each kind of proxy, as its documentation has it. */
export const DEFAULT_HEADERS: Readonly<Record<CertificateFormat, string>> = {
  nginx: "X-SSL-Client-Cert",
  apache: "SSL_CLIENT_CERT",
  rfc9440: "Client-Cert",
  traefik: "X-Forwarded-Tls-Client-Cert",
  envoy: "X-Forwarded-Client-Cert",
};

/** Longest header, beyond the limit of a request head. */
const MAX_HEADER_LENGTH = 131_072;
const MAX_CERTIFICATES = 10;

/** Optional white space of HTTP and the line ends of PEM; not trim(), which would take a no-break space too. */
const trimmed = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/=]*):$/;

/** Decodes a percent sign with two digits and leaves the rest, also plus signs, which base64 has. */
const percentDecode = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** @returns the certificates, the leaf first, unless one of them can't be read or there are too many */
function sentOf(certificates: readonly (Uint8Array | undefined)[]): SentCertificates | undefined {
  if (certificates.length > MAX_CERTIFICATES) return undefined;
  const readable = certificates.filter((each) => each !== undefined);
  const [leaf, ...intermediates] = readable;
  return leaf === undefined || readable.length < certificates.length ? undefined : { leaf, intermediates };
}

/** PEM that may be percent-encoded, or have spaces where the lines ended. */
function readArmoured(text: string): SentCertificates | undefined {
  const { certificates, around } = readPem(percentDecode(text));
  return trimmed(around) === "" ? sentOf(certificates) : undefined;
}

/** Base64 and nothing else, between commas. */
const readBare = (text: string): SentCertificates | undefined =>
  sentOf(
    percentDecode(text)
      .split(",")
      .map((item) => decodeBase64(trimmed(item))),
  );

const readByteSequence = (text: string): Uint8Array | undefined =>
  decodeBase64(BYTE_SEQUENCE.exec(trimmed(text))?.[1] ?? "");

function readStructured(text: string, chain: string | undefined): SentCertificates | undefined {
  const others = chain === undefined || trimmed(chain) === "" ? [] : chain.split(",").map(readByteSequence);
  return sentOf([readByteSequence(text), ...others]);
}

const PAIR = /[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",; \t]*))[ \t]*([,;]|$)/y;
/** Enough for 10 proxies with a dozen keys each. */
const MAX_PAIRS = 128;

/**
 * Envoy's `X-Forwarded-Client-Cert`:
 *
 *     header  := element *( "," element )         one a proxy, the nearest last
 *     element := pair *( ";" pair )
 *     pair    := key "=" ( quoted / plain )       keys in any case
 *     quoted  := DQUOTE *( "\" any / any but DQUOTE ) DQUOTE
 *     plain   := *( any but "," ";" DQUOTE and white space )
 *
 * @returns the pairs of each element, keys in lower case; undefined for a malformed header or one with a repeated key
 */
function parseForwardedCertificates(text: string): readonly ReadonlyMap<string, string>[] | undefined {
  let element = new Map<string, string>();
  const elements = [element];
  let pairs = 0;
  PAIR.lastIndex = 0;
  while (pairs++ < MAX_PAIRS) {
    const [, key, quoted, plain = "", separator] = PAIR.exec(text) ?? [];
    if (key === undefined || separator === undefined) return undefined;
    const name = key.toLowerCase();
    // URI and DNS come once for each of the certificate's names.
    if (element.has(name) && (name === "cert" || name === "chain")) return undefined;
    element.set(name, quoted?.replace(/\\(.)/g, "$1") ?? plain);
    if (separator === "") return elements;
    if (separator === ";") continue;
    element = new Map();
    elements.push(element);
  }
  return undefined;
}

/** Reads the last element, which the nearest proxy wrote: a client may have made up those in front. */
function readForwarded(text: string): SentCertificates | undefined {
  const nearest = parseForwardedCertificates(text)?.at(-1);
  const chain = nearest?.get("chain");
  const cert = nearest?.get("cert");
  const all = chain === undefined ? undefined : readArmoured(chain);
  if (cert === undefined || (chain !== undefined && all === undefined)) return all;
  const own = readArmoured(cert);
  // The chain begins with the certificate itself, which does no harm among those that may lead on from it.
  return own === undefined || all === undefined ? own : { ...own, intermediates: [all.leaf, ...all.intermediates] };
}

/**
 * Returns the headers of a request that hold a certificate.
 *
 * @param header the header's name; by default the usual one of the format
 * @returns undefined when there is none, or when it is too long
 */
export function certificateHeaders(
  get: HeaderGetter,
  format: CertificateFormat,
  header: string = DEFAULT_HEADERS[format],
): CertificateHeaders | undefined {
  const certificate = get(header);
  if (certificate === undefined || certificate === "") return undefined;
  const chain = format === "rfc9440" ? get(`${header}-Chain`) : undefined;
  const length = certificate.length + (chain?.length ?? 0);
  return length > MAX_HEADER_LENGTH ? undefined : { certificate, chain };
}

/**
 * Decodes the certificate that a proxy passes on. The caller must know that the proxy is trusted.
 *
 * nginx: `$ssl_client_escaped_cert`, and Apache: `%{SSL_CLIENT_CERT}s`, which are PEM, percent-encoded and with spaces
 * for line ends. RFC 9440: `Client-Cert` and, by the same name with `-Chain`, `Client-Cert-Chain`. Traefik: base64 of
 * the chain between commas. Envoy: `Cert` and `Chain` of the last element.
 *
 * @returns undefined when the headers are malformed
 */
export function parseCertificateHeaders(
  { certificate, chain }: CertificateHeaders,
  format: CertificateFormat,
): SentCertificates | undefined {
  switch (format) {
    case "nginx":
    case "apache":
      return readArmoured(certificate);
    case "rfc9440":
      return readStructured(certificate, chain);
    case "traefik":
      return readBare(certificate);
    case "envoy":
      return readForwarded(certificate);
  }
}
