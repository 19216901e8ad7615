/** A login: a password, or a token that stands for one. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string };

/** Access to registries. */
export interface RegistryAccess {
  /** These, whatever the files say. */
  readonly credentials: Credentials | undefined;
  /** Only this file, instead of the usual ones. */
  readonly authFile: string | undefined;
  /** False accepts untrusted certificates, and connections without TLS. */
  readonly verifyTls: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Reads `user:password`; a password may have colons. */
export function parseCredentials(userAndPassword: string): Credentials | undefined {
  const colon = userAndPassword.indexOf(":");
  if (colon < 1) return undefined;
  return { kind: "password", user: userAndPassword.slice(0, colon), password: userAndPassword.slice(colon + 1) };
}
