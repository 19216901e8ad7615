/**
 * Tokens of the v1 protocol, for docker daemons that send a password once and then go on with a token:
 *
 *     X-Docker-Token: signature=<user>.<expiry>.<mac>,repository="team/app",access=read       the answer
 *     Authorization: Token signature=<user>.<expiry>.<mac>,repository="team/app",access=read   what follows
 *
 *     user   := base64url of the user's name
 *     expiry := seconds since 1970, in decimal
 *     mac    := base64url of an HMAC-SHA-256 over user, expiry and repository
 *
 * No setting holds the key. It is derived (HKDF) from the user's own line of the htpasswd file, so all workers and
 * replicas with the same line agree, and a changed password or a removed user ends the user's tokens at once. Other
 * edits of the file end none. The hash has a random salt that its user does not know, so a password is not enough to
 * derive a key. A copy of the file is enough to make tokens.
 *
 * @see Docker Registry v1, "Docker Registry and Index", section "Authentication and Authorization"
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { parseV1Name } from "../../core/reference.ts";
import type { Htpasswd } from "../passwords/htpasswd.ts";

/** The rights of a token: one user may read one repository. */
export interface V1Grant {
  /** The key of the user in {@link Htpasswd.users}. */
  readonly user: string;
  readonly repository: string;
}

/** Long enough for a daemon to fetch every layer of a large image over a slow line. */
const LIFETIME_SECONDS = 3600;

const PARAMETERS = /^signature=([\w-]+)\.(\d{1,12})\.([\w-]{43}), *repository="([^"]+)", *access=read$/;

function macOf({ users }: Htpasswd, { user, repository }: V1Grant, expiry: number): Buffer | undefined {
  const hash = users.get(user);
  if (hash === undefined) return undefined;
  const key = new Uint8Array(hkdfSync("sha256", hash, "", "craned v1 token", 32));
  return createHmac("sha256", key)
    .update(JSON.stringify([user, expiry, repository]))
    .digest();
}

/**
 * Issues a token.
 *
 * @param now in ms since 1970
 * @returns the value of an `X-Docker-Token` header, or undefined for an unknown user or an invalid repository name
 */
export function issueV1Token(htpasswd: Htpasswd, grant: V1Grant, now: number): string | undefined {
  const expiry = Math.floor(now / 1000) + LIFETIME_SECONDS;
  const mac = parseV1Name(grant.repository) === undefined ? undefined : macOf(htpasswd, grant, expiry);
  if (mac === undefined) return undefined;
  const user = Buffer.from(grant.user, "latin1").toString("base64url");
  return `signature=${user}.${expiry}.${mac.toString("base64url")},repository="${grant.repository}",access=read`;
}

/**
 * Verifies a token.
 *
 * @param parameters what follows `Token ` in the Authorization header
 * @param now in ms since 1970
 */
export function verifyV1Token(htpasswd: Htpasswd, parameters: string, now: number): V1Grant | undefined {
  const [, encoded, expiryText, mac, repository] = PARAMETERS.exec(parameters) ?? [];
  if (encoded === undefined || mac === undefined || repository === undefined) return undefined;
  const expiry = Number(expiryText);
  if (now >= expiry * 1000) return undefined;
  const grant = { user: Buffer.from(encoded, "base64url").toString("latin1"), repository };
  const expected = macOf(htpasswd, grant, expiry);
  const sent = Buffer.from(mac, "base64url");
  return expected !== undefined && timingSafeEqual(expected, sent) ? grant : undefined;
}
