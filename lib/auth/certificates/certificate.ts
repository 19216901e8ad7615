/** X.509 certificates, in DER and in PEM (RFC 7468). */
import { X509Certificate } from "node:crypto";
import { type Element, readElements, readOid, readOnly, readSequence, TAG } from "./der.ts";

/** One extension of a certificate. */
export interface CertificateExtension {
  readonly isCritical: boolean;
  /** The content of its OCTET STRING: DER again, as a rule. */
  readonly value: Uint8Array;
}

/** The parts of an X.509 certificate that are used here. Times are in milliseconds since 1970. */
export interface Certificate {
  readonly der: Uint8Array;
  /** The runtime's view of the same bytes: it compares names and checks signatures. */
  readonly x509: X509Certificate;
  /** The content of the subject's SEQUENCE. */
  readonly subject: Uint8Array;
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
  readonly notBefore: number;
  readonly notAfter: number;
}

const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;
/** After serial number, algorithm, issuer and dates. */
const SUBJECT_INDEX = 4;
const TRUE = 0xff;

function readExtension(bytes: Uint8Array): readonly [oid: string, extension: CertificateExtension] | undefined {
  const [oid, second, third, ...others] = readElements(bytes) ?? [];
  const critical = second?.tag === TAG.boolean ? second : undefined;
  const value = critical === undefined ? second : third;
  const count = critical === undefined ? 2 : 3;
  if (oid?.tag !== TAG.oid || value?.tag !== TAG.octetString || others.length > 0) return undefined;
  if (third !== undefined && count === 2) return undefined;
  // DER leaves a default out, so a FALSE that is written is no DER.
  if (critical !== undefined && (critical.content.length !== 1 || critical.content[0] !== TRUE)) return undefined;
  const name = readOid(oid.content);
  return name === undefined ? undefined : [name, { isCritical: critical !== undefined, value: value.content }];
}

/** @returns the elements of the TBSCertificate after its version */
function readBody(der: Uint8Array): readonly Element[] | undefined {
  const [body, , , ...others] = readSequence(der) ?? [];
  if (body?.tag !== TAG.sequence || others.length > 0) return undefined;
  const elements = readElements(body.content);
  return elements?.[0]?.tag === VERSION_TAG ? elements.slice(1) : elements;
}

/** @returns the extensions by identifier, or undefined when they are malformed or one comes twice */
function readExtensions(body: readonly Element[]): ReadonlyMap<string, CertificateExtension> | undefined {
  const wrapped = body.filter(({ tag }) => tag === EXTENSIONS_TAG);
  if (wrapped.length > 1) return undefined;
  const extensions = new Map<string, CertificateExtension>();
  for (const list of wrapped) {
    const elements = readSequence(list.content);
    if (elements === undefined) return undefined;
    for (const { tag, content } of elements) {
      const [oid, extension] = (tag === TAG.sequence ? readExtension(content) : undefined) ?? [];
      if (oid === undefined || extension === undefined || extensions.has(oid)) return undefined;
      extensions.set(oid, extension);
    }
  }
  return extensions;
}

/** @returns the certificate, or undefined for bytes that are no certificate, or one with something after it */
export function parseCertificate(der: Uint8Array): Certificate | undefined {
  const body = readBody(der) ?? [];
  const extensions = readExtensions(body);
  const subject = body[SUBJECT_INDEX];
  if (extensions === undefined || subject?.tag !== TAG.sequence) return undefined;
  try {
    const x509 = new X509Certificate(der);
    const notBefore = x509.validFromDate.getTime();
    const notAfter = x509.validToDate.getTime();
    return { der, x509, subject: subject.content, extensions, notBefore, notAfter };
  } catch {
    // The runtime can't read it, so it is no certificate.
    return undefined;
  }
}

/** The value of an extension that is a string: text for most, bytes for some. */
export function stringIn({ value }: CertificateExtension): Uint8Array | undefined {
  const tags = [TAG.utf8String, TAG.octetString, TAG.printableString, TAG.ia5String];
  const tag = tags.find((each) => each === value[0]);
  return tag === undefined ? undefined : readOnly(value, tag);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/= \t\r\n]*)-----END CERTIFICATE-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** @returns the bytes, or undefined for a text that is not base64; padding may be missing */
export function decodeBase64(text: string): Uint8Array | undefined {
  const isWhole = text.endsWith("=") ? text.length % 4 === 0 : text.length % 4 !== 1;
  return isWhole && BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
}

/** The certificates of a text. */
export interface Pem {
  /** The bytes of each, undefined for one that is not base64. */
  readonly certificates: readonly (Uint8Array | undefined)[];
  /** The text around them, which files use for comments. */
  readonly around: string;
}

/** Reads every block that is marked as a certificate, whatever the line ends were turned into. */
export function readPem(text: string): Pem {
  const certificates: (Uint8Array | undefined)[] = [];
  const around = text.replace(CERTIFICATE, (_, body: string) => {
    certificates.push(decodeBase64(body.replace(/[ \t\r\n]+/g, "")));
    return "";
  });
  return { certificates, around };
}
