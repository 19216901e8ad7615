import type { Config } from "../../config/config.ts";
import { parseForwardedCertificates } from "./forwarded-certificate.ts";
import { decodeBase64, readPem } from "./pem.ts";

/** How a proxy writes a client's certificate into a header. */
export type CertificateFormat = NonNullable<Config["auth"]["clientCertFormat"]>;

/** The value of a request's header, lines of one name joined by commas. */
export type HeaderGetter = (name: string) => string | undefined;

/** The headers that hold a client's certificate, as they came. */
export interface CertificateHeaders {
  readonly certificate: string;
  /** The header beside it, which RFC 9440 has. */
  readonly chain: string | undefined;
}

/** What a proxy hands on: DER, unchecked. */
export interface SentCertificates {
  readonly leaf: Uint8Array;
  /** What may lead from the leaf to an authority. */
  readonly intermediates: readonly Uint8Array[];
}

/** Where each kind of proxy puts the certificate if its documentation is followed. */
export const DEFAULT_HEADERS: Readonly<Record<CertificateFormat, string>> = {
  nginx: "X-SSL-Client-Cert",
  apache: "SSL_CLIENT_CERT",
  rfc9440: "Client-Cert",
  traefik: "X-Forwarded-Tls-Client-Cert",
  envoy: "X-Forwarded-Client-Cert",
};

/** Of both headers: four times the head of a request, which more never fits into. */
const MAX_HEADER_LENGTH = 131_072;
const MAX_CERTIFICATES = 10;

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/=]*):$/;

/** Decodes what is a percent sign and two digits, and leaves the rest, plus signs too: base64 has them. */
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
  return around.trim() === "" ? sentOf(certificates) : undefined;
}

/** Base64 and nothing else, between commas. */
const readBare = (text: string): SentCertificates | undefined =>
  sentOf(
    percentDecode(text)
      .split(",")
      .map((item) => decodeBase64(item.trim())),
  );

const readByteSequence = (text: string): Uint8Array | undefined =>
  decodeBase64(BYTE_SEQUENCE.exec(text.trim())?.[1] ?? "");

function readStructured(text: string, chain: string | undefined): SentCertificates | undefined {
  const others = chain === undefined || chain.trim() === "" ? [] : chain.split(",").map(readByteSequence);
  return sentOf([readByteSequence(text), ...others]);
}

/** What the proxy nearest to us says: whoever came before it may have made up the elements in front. */
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
 * Finds the certificate among the headers of a request.
 *
 * @param header where it is; by default where the format has it
 * @returns nothing when there is none, or when it is too long
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
 * Reads the certificate that a proxy hands on. Whether the proxy may be believed is for the caller to know.
 *
 * nginx: `$ssl_client_escaped_cert`, and Apache: `%{SSL_CLIENT_CERT}s`, which are PEM, percent-encoded and with spaces
 * for line ends. RFC 9440: `Client-Cert` and, by the same name with `-Chain`, `Client-Cert-Chain`. Traefik: base64 of
 * the chain between commas. Envoy: `Cert` and `Chain` of the last element.
 *
 * @returns nothing when what is there is malformed or more than one
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
