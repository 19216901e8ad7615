/** Certificates in PEM (RFC 7468), whatever became of the line ends on their way. */

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** @returns the bytes, or undefined for a text that is not base64; padding may be missing */
export function decodeBase64(text: string): Uint8Array | undefined {
  const isWhole = text.endsWith("=") ? text.length % 4 === 0 : text.length % 4 !== 1;
  return isWhole && BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
}

/** What a text has of certificates. */
export interface Pem {
  /** The bytes of each, undefined for one that is not base64. */
  readonly certificates: readonly (Uint8Array | undefined)[];
  /** What stands around them, which files use for comments. */
  readonly around: string;
}

/** Reads everything that is marked as a certificate. */
export function readPem(text: string): Pem {
  const certificates: (Uint8Array | undefined)[] = [];
  const around = text.replace(CERTIFICATE, (_, body: string) => {
    certificates.push(decodeBase64(body.replace(/\s+/g, "")));
    return "";
  });
  return { certificates, around };
}
