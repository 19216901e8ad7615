/** The one door: who a request comes from, and what that lets it see. */
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { parseRepositoryName } from "../core/reference.ts";
import { parseAuthorization } from "./authorization.ts";
import { createTokens, type Grant } from "./tokens/bearer.ts";
import { describeFileFault } from "./file-fault.ts";
import { type Htpasswd, parseHtpasswd } from "./passwords/htpasswd.ts";
import { parseJwks } from "./tokens/jwks.ts";
import { createPasswords } from "./passwords/passwords.ts";
import type { Busy } from "./passwords/queue.ts";
import { type Reading, readFileOnce, watchFile } from "./watched-file.ts";

/** The part of the configuration that passwords and tokens need. */
export type AuthSettings = Pick<Config["auth"], "htpasswd" | "realm" | "token">;

/** What a request is about. */
export interface Wanted {
  /** `base` is `/v2/`; `v1` is all of version 1. */
  readonly kind: "repository" | "catalog" | "base" | "v1";
  /** The repository's name as the client wrote it, where there is one. */
  readonly name?: string;
}

/** What becomes of a request. */
export type Authentication =
  /** Nothing is configured, and nobody is asked. */
  | { readonly outcome: "open" }
  /** `mayPull` is about what the answer may show: in a catalogue, what may be listed. */
  | { readonly outcome: "allowed"; readonly mayPull: (name: string) => boolean }
  /** 401 with this as `WWW-Authenticate`. */
  | { readonly outcome: "challenge"; readonly header: string }
  | Busy;

/** Lets requests in or not. */
export interface Authenticator {
  /**
   * @param authorization the Authorization header
   * @returns at once when nothing has to be worked out, which is nearly always
   */
  readonly authenticate: (
    authorization: string | undefined,
    wanted: Wanted,
  ) => Authentication | Promise<Authentication>;
  /** Stops looking at files. */
  readonly close: () => void;
}

interface AuthenticatorOptions {
  readonly log: Log;
  /** In ms since 1970. */
  readonly now?: () => number;
  /** Between two looks at the file, in ms. */
  readonly interval?: number;
}

const INTERVAL_MS = 1000;

const OPEN: Authentication = { outcome: "open" };
const ALLOWED: Authentication = { outcome: "allowed", mayPull: () => true };

/** A file that has broken lines and no good one is no list of users at all. */
function readHtpasswd(bytes: Buffer): Reading<Htpasswd> {
  const htpasswd = parseHtpasswd(bytes.toString("latin1"));
  const isOfUse = htpasswd.users.size > 0 || htpasswd.faults.length === 0;
  return { value: isOfUse ? htpasswd : undefined, faults: htpasswd.faults };
}

/** Promises only where there is one, so that what is known is answered within the same tick. */
function after<From, To>(value: From | Promise<From>, then: (value: From) => To): To | Promise<To> {
  return value instanceof Promise ? value.then(then) : then(value);
}

async function byPassword(
  path: string,
  realm: string,
  { log, now = Date.now, interval = INTERVAL_MS }: AuthenticatorOptions,
): Promise<Authenticator> {
  const file = await watchFile({ path, parse: readHtpasswd, log, interval });
  const passwords = createPasswords({ now });
  const challenge: Authentication = { outcome: "challenge", header: `Basic realm="${realm}"` };
  return {
    authenticate: (header) => {
      const authorization = header === undefined ? undefined : parseAuthorization(header);
      const htpasswd = file.current();
      if (authorization?.scheme !== "basic" || htpasswd === undefined) return challenge;
      return after(passwords.check(htpasswd, authorization.credentials), (verdict) => {
        if (verdict.outcome === "busy") return verdict;
        return verdict.outcome === "passed" ? ALLOWED : challenge;
      });
    },
    close: file.close,
  };
}

/** The scope that a request needs; a name that is none needs none, and goes into no header. */
function scopeOf({ kind, name }: Wanted): string | undefined {
  if (kind === "catalog") return "registry:catalog:*";
  if (kind === "base" || name === undefined || parseRepositoryName(name) === undefined) return undefined;
  return `repository:${name}:pull`;
}

function isWithin({ pull, catalog }: Grant, { kind, name }: Wanted): boolean {
  if (kind === "catalog") return catalog;
  return kind === "base" || name === undefined || parseRepositoryName(name) === undefined || pull.has(name);
}

async function byToken(
  { realm, service, issuer, jwks }: NonNullable<AuthSettings["token"]>,
  { log, now = Date.now, interval = INTERVAL_MS }: AuthenticatorOptions,
): Promise<Authenticator> {
  const file = await watchFile({ path: jwks, parse: parseJwks, log, interval });
  const tokens = createTokens({ service, issuer, now });

  const challenge = (wanted: Wanted, error?: "invalid_token" | "insufficient_scope"): Authentication => {
    const scope = scopeOf(wanted);
    const parameters = [`realm="${realm}"`, `service="${service}"`];
    if (scope !== undefined) parameters.push(`scope="${scope}"`);
    if (error !== undefined) parameters.push(`error="${error}"`);
    return { outcome: "challenge", header: `Bearer ${parameters.join(",")}` };
  };

  return {
    authenticate: (header, wanted) => {
      const authorization = header === undefined ? undefined : parseAuthorization(header);
      if (authorization?.scheme !== "bearer") return challenge(wanted);
      const keys = file.current();
      if (keys === undefined) return challenge(wanted, "invalid_token");
      return after(tokens.check(keys, authorization.token), (grant) => {
        if (grant === undefined) return challenge(wanted, "invalid_token");
        if (!isWithin(grant, wanted)) return challenge(wanted, "insufficient_scope");
        return { outcome: "allowed", mayPull: (name) => wanted.kind === "catalog" || grant.pull.has(name) };
      });
    },
    close: file.close,
  };
}

/**
 * Makes the door as configured. A file that can't be read lets nobody in, and is told to the log; as soon as it can be,
 * it is.
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

/** @returns everything that is wrong with the files of users and keys, each in a line */
export async function authFaults({ htpasswd, token }: AuthSettings): Promise<readonly string[]> {
  const faultsOf = async <Value>(path: string, reading: Promise<Reading<Value>>) =>
    (await reading).faults.map((fault) => describeFileFault(path, fault));
  return [
    ...(htpasswd === undefined ? [] : await faultsOf(htpasswd, readFileOnce(htpasswd, readHtpasswd))),
    ...(token === undefined ? [] : await faultsOf(token.jwks, readFileOnce(token.jwks, parseJwks))),
  ];
}
