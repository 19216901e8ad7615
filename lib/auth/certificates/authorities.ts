import { readFileSync } from "node:fs";
import type { Config } from "../../config/config.ts";
import { type Certificate, parseCertificate, readPem } from "./certificate.ts";
import { type Authorities, isForClients, isUnderstood, pathLengthOf } from "./chain.ts";

/** The authorities of a file, or its fault. */
export type AuthoritiesResult =
  | { readonly ok: true; readonly authorities: Authorities }
  | { readonly ok: false; readonly expected: string; readonly received: string };

/**
 * Parses a file of authorities.
 *
 * @param text PEM; text around the certificates is taken for comments
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

/** The authorities that the configuration names, or an error that names the file. */
export type ReadAuthorities =
  | { readonly ok: true; readonly authorities: Authorities | undefined }
  | { readonly ok: false; readonly problem: string };

/** Reads the file of `auth.client_ca`. */
export function readAuthorities({ clientCa }: Config["auth"]): ReadAuthorities {
  if (clientCa === undefined) return { ok: true, authorities: undefined };
  const refuse = (expected: string, received: string): ReadAuthorities => ({
    ok: false,
    problem: `${clientCa}: auth.client_ca: expected ${expected}, received ${received}`,
  });
  let text: string;
  try {
    text = readFileSync(clientCa, "latin1");
  } catch (error) {
    return refuse("a file that can be read", error instanceof Error ? error.message : String(error));
  }
  const result = parseAuthorities(text);
  return result.ok ? result : refuse(result.expected, result.received);
}

/**
 * Finds authorities that can issue no valid client certificate, each in a line.
 *
 * @param now in ms since 1970
 */
export function authorityWarnings({ clientCa }: Config["auth"], authorities: Authorities, now: number): string[] {
  return authorities.flatMap((authority, index) => {
    const warn = (expected: string, received: string): string =>
      `${clientCa}: auth.client_ca: expected ${expected} as number ${index + 1}, received ${received}`;
    const { notBefore, notAfter } = authority;
    return [
      ...(isForClients(authority) ? [] : [warn("an authority for clients", "one whose extended key usage is another")]),
      ...(notAfter < now ? [warn("a valid one", `one that expired at ${new Date(notAfter).toISOString()}`)] : []),
      ...(notBefore > now ? [warn("a valid one", `one that is valid from ${new Date(notBefore).toISOString()}`)] : []),
    ];
  });
}
