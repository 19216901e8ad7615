import type { ConfigProblem, Source } from "./problem.ts";
import { SETTINGS } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** The token server, and how its tokens are known. */
export interface TokenSettings {
  /** URL that clients are sent to; as the next two, safe to be put between double quotes. */
  readonly realm: string;
  /** The audience that tokens have. */
  readonly service: string;
  readonly issuer: string;
  /** Path of the public keys. */
  readonly jwks: string;
}

const { htpasswd, tokenRealm, tokenService, tokenIssuer, tokenJwks } = SETTINGS.auth;
const TOKEN: readonly Setting<unknown>[] = [tokenRealm, tokenService, tokenIssuer, tokenJwks];

/**
 * @param get gives the value of one setting
 * @returns undefined unless all is said that there is to say
 */
export function tokenSettings(get: <Value>(setting: Setting<Value>) => Value): TokenSettings | undefined {
  const [realm, service, issuer, jwks] = [get(tokenRealm), get(tokenService), get(tokenIssuer), get(tokenJwks)];
  const isWhole = realm !== undefined && service !== undefined && issuer !== undefined && jwks !== undefined;
  return isWhole ? { realm, service, issuer, jwks } : undefined;
}

/**
 * Settings of tokens that mean nothing without the others, and passwords beside tokens: a client can be asked for one
 * of them only.
 *
 * @param sourceOf where a setting is given; undefined when nobody gives it a value
 */
export function passwordsAndTokens(sourceOf: (setting: Setting<unknown>) => Source | undefined): ConfigProblem[] {
  const given = TOKEN.find((each) => sourceOf(each) !== undefined);
  const source = given === undefined ? undefined : sourceOf(given);
  if (given === undefined || source === undefined) return [];
  const why = `since ${given.name} is given`;
  const missing = TOKEN.filter((each) => sourceOf(each) === undefined);
  const problems: ConfigProblem[] = missing.map(({ name, expected }) => ({
    source,
    key: name,
    expected: `${expected}, ${why}`,
    received: "nothing",
  }));
  const passwords = sourceOf(htpasswd);
  if (passwords === undefined) return problems;
  return [...problems, { source: passwords, key: htpasswd.name, expected: `nothing, ${why}`, received: "a file" }];
}
