/** Authenticates requests to the registry by password or token. */

import type { Config } from "../config/config.ts";
import { otherSpelling, parseRepositoryName } from "../core/reference.ts";
import type { Log } from "../log.ts";
import { type Htpasswd, parseHtpasswd } from "./passwords/htpasswd.ts";
import { type Busy, createPasswords } from "./passwords/passwords.ts";
import type { Grant } from "./tokens/bearer.ts";
import { issueV1Token, verifyV1Token } from "./tokens/v1-token.ts";
import { type AuthFileFault, describeFileFault, type ParsedAuthFile, readFileOnce, watchFile } from "./watched-file.ts";

/** The part of the configuration that passwords and tokens need. */
export type AuthSettings = Pick<Config["auth"], "htpasswd" | "realm" | "token">;

/** The resource that a request asks for. */
export interface RequestedAccess {
  /** `base` is `/v2/`; `v1` is every route of the v1 API. */
  readonly kind: "repository" | "catalog" | "base" | "v1";
  /** The repository's name as the client wrote it, without `library/` in v1; absent where the path has none. */
  readonly name?: string;
}

/** A client that may go on. */
export interface Allowed {
  readonly outcome: "allowed";
  /** Tells whether the answer may show a repository: in a catalogue, whether it may list it. */
  readonly mayPull: (name: string) => boolean;
  /** The verified name of the user, for the access log; absent where a bearer token names none. */
  readonly user?: string;
  /**
   * Issues a token for `X-Docker-Token: true` on `/v1/repositories/<name>/images`; present for a client that sent a
   * password.
   *
   * @returns the value of the answer's `X-Docker-Token`, and with `Token ` in front, of its `WWW-Authenticate`
   */
  readonly v1Token?: (repository: string) => string | undefined;
}

/** The decision about a request. */
export type Authentication =
  /** Neither passwords nor tokens are configured. */
  | { readonly outcome: "open" }
  | Allowed
  /** 401 with this as `WWW-Authenticate`. */
  | { readonly outcome: "challenge"; readonly header: string }
  | Busy;

/** Authenticates requests. */
export interface Authenticator {
  /**
   * @param authorization the Authorization header
   * @returns at once where nothing has to be computed, which is nearly always
   */
  readonly authenticate: (
    authorization: string | undefined,
    wanted: RequestedAccess,
  ) => Authentication | Promise<Authentication>;
  /** Stops watching files. */
  readonly close: () => void;
}

interface AuthenticatorOptions {
  readonly log: Log;
  /** In ms since 1970. */
  readonly now?: () => number;
  /** Between two checks of the file, in ms. */
  readonly interval?: number;
  /** The longest that a request waits until its password is verified, in ms. */
  readonly maxWait?: number;
}

const INTERVAL_MS = 1000;

const OPEN: Authentication = { outcome: "open" };

/** The credentials of an Authorization header. */
type AuthorizationHeader =
  /** The bytes of `user:password`. */
  | { readonly scheme: "basic"; readonly credentials: Uint8Array }
  | { readonly scheme: "bearer"; readonly token: string }
  /** Set for a v1 token. */
  | { readonly scheme: "token"; readonly parameters: string };

const HEADER = /^(?:(basic|bearer) +([\w.~+/-]+=*)|token +(\S+(?: +\S+)*)) *$/i;

/**
 * Parses an Authorization header.
 *
 * @returns undefined for another scheme or a malformed header
 * @see RFC 9110 section 11.4, RFC 7617 section 2, RFC 6750 section 2.1
 */
function parseAuthorization(header: string | undefined): AuthorizationHeader | undefined {
  const [, scheme, token, parameters] = HEADER.exec(header ?? "") ?? [];
  if (parameters !== undefined) return { scheme: "token", parameters };
  if (scheme === undefined || token === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return { scheme: "bearer", token };
  return { scheme: "basic", credentials: Buffer.from(token, "base64") };
}

/** A file that has faults and no user is unusable; an empty one has no users. */
function readHtpasswd(bytes: Buffer): ParsedAuthFile<Htpasswd> {
  const htpasswd = parseHtpasswd(bytes.toString("latin1"));
  const { users, faults, warnings } = htpasswd;
  return { value: users.size > 0 || faults.length === 0 ? htpasswd : undefined, faults, warnings };
}

/** Uses promises only where there is one, so that a cached result is answered within the same tick. */
function after<From, To>(value: From | Promise<From>, then: (value: From) => To): To | Promise<To> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** User names are bytes in the file, UTF-8 as a rule. */
const nameOf = (user: string): string => Buffer.from(user, "latin1").toString("utf8");

async function byPassword(
  path: string,
  realm: string,
  { log, now = Date.now, interval = INTERVAL_MS, maxWait }: AuthenticatorOptions,
): Promise<Authenticator> {
  const file = await watchFile({ path, parse: readHtpasswd, log, interval });
  const passwords = createPasswords({ now, ...(maxWait !== undefined && { maxWait }) });
  const challenge: Authentication = { outcome: "challenge", header: `Basic realm="${realm}"` };

  const byV1Token = (htpasswd: Htpasswd, parameters: string, { kind, name }: RequestedAccess): Authentication => {
    const grant = kind === "v1" ? verifyV1Token(htpasswd, parameters, now()) : undefined;
    if (grant === undefined || (name !== undefined && name !== grant.repository)) return challenge;
    const names = [grant.repository, otherSpelling(grant.repository)];
    return { outcome: "allowed", user: nameOf(grant.user), mayPull: (each) => names.includes(each) };
  };

  return {
    authenticate: (header, wanted) => {
      const authorization = parseAuthorization(header);
      const htpasswd = file.current();
      if (authorization === undefined || htpasswd === undefined) return challenge;
      if (authorization.scheme === "token") return byV1Token(htpasswd, authorization.parameters, wanted);
      if (authorization.scheme === "bearer") return challenge;
      return after(passwords.check(htpasswd, authorization.credentials), (verdict) => {
        if (verdict.outcome === "busy") return verdict;
        if (verdict.outcome === "failed") return challenge;
        const { user } = verdict;
        const v1Token = (repository: string) => issueV1Token(htpasswd, { user, repository }, now());
        return { outcome: "allowed", user: nameOf(user), mayPull: () => true, v1Token };
      });
    },
    close: file.close,
  };
}

/** The scope that a request needs; none for an invalid name, which must not get into a header. */
function scopeOf({ kind, name }: RequestedAccess): string | undefined {
  if (kind === "catalog") return "registry:catalog:*";
  if (kind === "base" || name === undefined || parseRepositoryName(name) === undefined) return undefined;
  return `repository:${name}:pull`;
}

function isWithin({ pull, catalog }: Grant, { kind, name }: RequestedAccess): boolean {
  if (kind === "catalog") return catalog;
  return kind === "base" || name === undefined || parseRepositoryName(name) === undefined || pull.has(name);
}

async function byToken(
  { realm, service, issuer, jwks }: NonNullable<AuthSettings["token"]>,
  { log, now = Date.now, interval = INTERVAL_MS }: AuthenticatorOptions,
): Promise<Authenticator> {
  // Few servers use tokens, and what verifies them would be loaded by all.
  const [{ createTokens }, { parseJwks }] = await Promise.all([
    import("./tokens/bearer.ts"),
    import("./tokens/jwks.ts"),
  ]);
  const file = await watchFile({ path: jwks, parse: parseJwks, log, interval });
  const tokens = createTokens({ service, issuer, now });

  const challenge = (wanted: RequestedAccess, error?: "invalid_token" | "insufficient_scope"): Authentication => {
    const scope = scopeOf(wanted);
    const parameters = [`realm="${realm}"`, `service="${service}"`];
    if (scope !== undefined) parameters.push(`scope="${scope}"`);
    if (error !== undefined) parameters.push(`error="${error}"`);
    return { outcome: "challenge", header: `Bearer ${parameters.join(",")}` };
  };

  return {
    authenticate: (header, wanted) => {
      const authorization = parseAuthorization(header);
      if (authorization?.scheme !== "bearer") return challenge(wanted);
      const keys = file.current();
      if (keys === undefined) return challenge(wanted, "invalid_token");
      return after(tokens.check(keys, authorization.token), (grant) => {
        if (grant === undefined) return challenge(wanted, "invalid_token");
        if (!isWithin(grant, wanted)) return challenge(wanted, "insufficient_scope");
        const { name: asked = "" } = wanted;
        const other = grant.pull.has(asked) ? otherSpelling(asked) : undefined;
        const mayPull = (name: string) => wanted.kind === "catalog" || name === other || grant.pull.has(name);
        return { outcome: "allowed", mayPull, ...(grant.user !== undefined && { user: grant.user }) };
      });
    },
    close: file.close,
  };
}

/**
 * Creates the authenticator that the configuration asks for. While its file can't be read it refuses all users and logs an
 * error; it picks the file up as soon as it can.
 *
 * @see distribution "Token Authentication Specification"; RFC 7617
 */
export async function createAuthenticator(
  settings: AuthSettings,
  options: AuthenticatorOptions,
): Promise<Authenticator> {
  if (settings.token !== undefined) return byToken(settings.token, options);
  if (settings.htpasswd !== undefined) return byPassword(settings.htpasswd, settings.realm, options);
  return { authenticate: () => OPEN, close: () => {} };
}

/** Returns the faults of the files of users and keys, one line each. */
export async function authFaults({
  htpasswd,
  token,
}: AuthSettings): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }> {
  const readings = [
    ...(htpasswd === undefined ? [] : [{ path: htpasswd, ...(await readFileOnce(htpasswd, readHtpasswd)) }]),
    ...(token === undefined
      ? []
      : [{ path: token.jwks, ...(await readFileOnce(token.jwks, (await import("./tokens/jwks.ts")).parseJwks)) }]),
  ];
  const linesOf = (path: string, faults: readonly AuthFileFault[] = []) =>
    faults.map((each) => describeFileFault(path, each));
  return {
    errors: readings.flatMap(({ path, faults }) => linesOf(path, faults)),
    warnings: readings.flatMap(({ path, warnings }) => linesOf(path, warnings)),
  };
}
