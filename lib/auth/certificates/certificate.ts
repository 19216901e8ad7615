import { X509Certificate } from "node:crypto";
import { readElements, readOid, readOnly, readSequence, TAG } from "./der.ts";

/** One extension of a certificate. */
export interface Extension {
  readonly isCritical: boolean;
  /** What its OCTET STRING holds: DER of its own, as a rule. */
  readonly value: Uint8Array;
}

/** What is read of an X.509 certificate. Times are in milliseconds since 1970. */
export interface Certificate {
  /** The runtime's own reading of the same bytes: it compares names and checks signatures. */
  readonly x509: X509Certificate;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly notBefore: number;
  readonly notAfter: number;
}

const EXTENSIONS_TAG = 0xa3;
const TRUE = 0xff;

function readExtension(bytes: Uint8Array): readonly [oid: string, extension: Extension] | undefined {
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

/** @returns the extensions by identifier, or undefined when they are malformed or one comes twice */
function readExtensions(der: Uint8Array): ReadonlyMap<string, Extension> | undefined {
  const [body, , , ...others] = readSequence(der) ?? [];
  if (body?.tag !== TAG.sequence || others.length > 0) return undefined;
  const wrapped = readElements(body.content)?.filter(({ tag }) => tag === EXTENSIONS_TAG);
  if (wrapped === undefined || wrapped.length > 1) return undefined;
  const extensions = new Map<string, Extension>();
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
  const extensions = readExtensions(der);
  if (extensions === undefined) return undefined;
  try {
    const x509 = new X509Certificate(der);
    const notBefore = x509.validFromDate.getTime();
    const notAfter = x509.validToDate.getTime();
    return { x509, extensions, notBefore, notAfter };
  } catch {
    // Whatever the runtime can't read is no certificate.
    return undefined;
  }
}

/** What an extension holds if it is a string: text for most, bytes for some. */
export function stringIn({ value }: Extension): Uint8Array | undefined {
  const tags = [TAG.utf8String, TAG.octetString, TAG.printableString, TAG.ia5String];
  const tag = tags.find((each) => each === value[0]);
  return tag === undefined ? undefined : readOnly(value, tag);
}
