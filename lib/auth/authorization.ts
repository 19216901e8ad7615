/** The credentials of an Authorization header. */
export type Authorization =
  /** The bytes of `user:password`. */
  | { readonly scheme: "basic"; readonly credentials: Uint8Array }
  | { readonly scheme: "bearer"; readonly token: string }
  /** Of a v1 token. */
  | { readonly scheme: "token"; readonly parameters: string };

const HEADER = /^(?:(basic|bearer) +([\w.~+/-]+=*)|token +(\S+(?: +\S+)*)) *$/i;

/**
 * Parses an Authorization header.
 *
 * @returns undefined for another scheme or a malformed header
 * @see RFC 9110 section 11.4, RFC 7617 section 2, RFC 6750 section 2.1
 */
export function parseAuthorization(header: string | undefined): Authorization | undefined {
  const [, scheme, token, parameters] = HEADER.exec(header ?? "") ?? [];
  if (parameters !== undefined) return { scheme: "token", parameters };
  if (scheme === undefined || token === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return { scheme: "bearer", token };
  return { scheme: "basic", credentials: Buffer.from(token, "base64") };
}
