/** What an Authorization header brings. */
export type Authorization =
  /** The bytes of `user:password`. */
  | { readonly scheme: "basic"; readonly credentials: Uint8Array }
  | { readonly scheme: "bearer"; readonly token: string };

const HEADER = /^(basic|bearer) +([\w.~+/-]+=*) *$/i;

/**
 * Reads an Authorization header.
 *
 * @returns undefined when it is of another scheme or broken
 * @see RFC 9110 section 11.4, RFC 7617 section 2, RFC 6750 section 2.1
 */
export function parseAuthorization(header: string): Authorization | undefined {
  const [, scheme, rest] = HEADER.exec(header) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return { scheme: "bearer", token: rest };
  return { scheme: "basic", credentials: Buffer.from(rest, "base64") };
}
