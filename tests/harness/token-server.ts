/** A token server for tests: keys, and tokens that are right but for what a test says. */
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

export const SERVICE = "registry.example.org";
export const ISSUER = "Example's tokens";
/** The present, in seconds since 1970. */
export const NOW = 1_800_000_000;

export interface TokenChanges {
  readonly header?: Record<string, unknown>;
  /** Claims that are undefined are left out. */
  readonly claims?: Record<string, unknown>;
}

/** Makes a key pair that signs tokens; `jwk` is the public half. */
export async function createSigner(alg: string, kid: string | undefined = alg, options: { crv?: string } = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  const named = kid === "" ? {} : { kid };
  const jwk: JWK = { ...(await exportJWK(publicKey)), alg, ...named };
  const secretJwk: JWK = { ...(await exportJWK(privateKey)), alg, ...named };
  const sign = ({ header, claims }: TokenChanges = {}): Promise<string> => {
    const payload: JWTPayload = { iss: ISSUER, aud: SERVICE, exp: NOW + 300, nbf: NOW, iat: NOW, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg, ...named, ...header }).sign(privateKey);
  };
  return { jwk, secretJwk, sign };
}

export const pullOf = (...names: readonly string[]) =>
  names.map((name) => ({ type: "repository", name, actions: ["pull"] }));

export const CATALOG = { type: "registry", name: "catalog", actions: ["*"] };
