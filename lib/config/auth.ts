import * as kinds from "./kinds.ts";
import { type SectionReader, type Values, valuesOf } from "./reading.ts";
import { optional, type Setting, setting } from "./setting.ts";

const NO_TOKENS = "no tokens";

const TOKEN_SETTINGS = {
  tokenRealm: optional(
    "auth.token_realm",
    kinds.httpUrl(),
    NO_TOKENS,
    "URL of the token server that clients are sent to for a bearer token",
  ),
  tokenService: optional(
    "auth.token_service",
    kinds.quotable,
    NO_TOKENS,
    "Name of this registry at the token server: the audience of its tokens",
  ),
  tokenIssuer: optional("auth.token_issuer", kinds.quotable, NO_TOKENS, "Issuer of the token server's tokens"),
  tokenJwks: optional(
    "auth.token_jwks",
    kinds.path,
    NO_TOKENS,
    "File with the public keys of the token server, a JSON Web Key Set",
  ),
};

const CERTIFICATE_SETTINGS = {
  clientCa: optional(
    "auth.client_ca",
    kinds.path,
    "no issuer is trusted",
    "PEM file with the authorities whose client certificates are accepted",
  ),
  clientCertHeader: optional(
    "auth.client_cert_header",
    kinds.headerName,
    "the usual one of auth.client_cert_format",
    "Header in which a trusted proxy passes on the client's certificate",
  ),
  clientCertFormat: optional(
    "auth.client_cert_format",
    kinds.choice("nginx", "apache", "rfc9440", "traefik", "envoy"),
    "no client certificates",
    "How the proxy writes the certificate into the header",
  ),
  clientCertVerifiedByProxy: setting(
    "auth.client_cert_verified_by_proxy",
    kinds.boolean,
    "false",
    "Accept certificates without auth.client_ca, as the proxy passes on verified ones only",
  ),
};

const PASSWORD_SETTINGS = {
  htpasswd: optional("auth.htpasswd", kinds.path, "no passwords", "File of user names and bcrypt hashes"),
  realm: setting("auth.realm", kinds.quotable, "craned", "Name that a client shows when it asks for a password"),
};

/** The section of authentication. */
export const AUTH_SETTINGS = { ...PASSWORD_SETTINGS, ...TOKEN_SETTINGS, ...CERTIFICATE_SETTINGS };

/** The token server, and how its tokens are recognised. */
export interface TokenSettings {
  /** URL that clients are sent to; as the next two, safe between double quotes. */
  readonly realm: string;
  /** The audience of the tokens. */
  readonly service: string;
  readonly issuer: string;
  /** Path of the public keys. */
  readonly jwks: string;
}

export interface AuthConfig extends Values<typeof PASSWORD_SETTINGS & typeof CERTIFICATE_SETTINGS> {
  /** Undefined where there is no token server. It excludes htpasswd. */
  readonly token: TokenSettings | undefined;
}

/** Token settings require one another, and exclude passwords: a client can be asked for one of the two only. */
function readToken({ get, sourceOf, report }: SectionReader): TokenSettings | undefined {
  const {
    tokenRealm: realm,
    tokenService: service,
    tokenIssuer: issuer,
    tokenJwks: jwks,
  } = valuesOf(TOKEN_SETTINGS, get);
  const settings: readonly Setting<unknown>[] = Object.values(TOKEN_SETTINGS);
  const given = settings.find((each) => sourceOf(each) !== undefined);
  const source = given === undefined ? undefined : sourceOf(given);
  if (given === undefined || source === undefined) return undefined;
  const why = `since ${given.name} is given`;
  for (const { name: key, expected } of settings.filter((each) => sourceOf(each) === undefined)) {
    report({ source, key, expected: `${expected}, ${why}`, received: "nothing" });
  }
  const { htpasswd } = PASSWORD_SETTINGS;
  const passwords = sourceOf(htpasswd);
  if (passwords !== undefined) {
    report({ source: passwords, key: htpasswd.name, expected: `nothing, ${why}`, received: "a file" });
  }
  const isWhole = realm !== undefined && service !== undefined && issuer !== undefined && jwks !== undefined;
  return isWhole ? { realm, service, issuer, jwks } : undefined;
}

/** Reports what client certificates lack: the proxies that pass them on, the format, and who verifies them. */
function reportIncompleteCertificates(
  values: Values<typeof CERTIFICATE_SETTINGS>,
  trustedProxies: Setting<{ readonly blocks: readonly string[] }>,
  { get, sourceOf, report }: SectionReader,
): void {
  const { clientCa, clientCertVerifiedByProxy, clientCertFormat, clientCertHeader } = CERTIFICATE_SETTINGS;
  const asking = [
    ...(values.clientCa === undefined ? [] : [clientCa]),
    ...(values.clientCertVerifiedByProxy ? [clientCertVerifiedByProxy] : []),
    ...(values.clientCertFormat === undefined ? [] : [clientCertFormat]),
    ...(values.clientCertHeader === undefined ? [] : [clientCertHeader]),
  ][0];
  const source = asking === undefined ? undefined : sourceOf(asking);
  if (asking === undefined || source === undefined) return;
  const lacks = ({ name: key }: Setting<unknown>, expected: string, why: string): void =>
    report({ source, key, expected: `${expected} for ${asking.name}, ${why}`, received: "nothing" });
  const fromProxies = "since certificates come in the header of a trusted proxy only";
  if (values.clientCertFormat === undefined) lacks(clientCertFormat, clientCertFormat.expected, fromProxies);
  if (get(trustedProxies).blocks.length === 0) lacks(trustedProxies, trustedProxies.expected, fromProxies);
  if (values.clientCa === undefined && !values.clientCertVerifiedByProxy) {
    const expected = `${clientCa.expected}, or ${clientCertVerifiedByProxy.name} to be true,`;
    lacks(clientCa, expected, "since an unverified certificate proves nothing");
  }
}

/** Reads the section. @param trustedProxies the setting that says whose headers are believed */
export function readAuth(
  reading: SectionReader,
  trustedProxies: Setting<{ readonly blocks: readonly string[] }>,
): AuthConfig {
  const certificates = valuesOf(CERTIFICATE_SETTINGS, reading.get);
  reportIncompleteCertificates(certificates, trustedProxies, reading);
  return { ...valuesOf(PASSWORD_SETTINGS, reading.get), token: readToken(reading), ...certificates };
}
