import type { Config } from "./config.ts";
import type { ConfigProblem, Source } from "./problem.ts";
import { SETTINGS } from "./schema.ts";
import type { Setting } from "./setting.ts";

const { clientCa, clientCertHeader, clientCertFormat, clientCertVerifiedByProxy } = SETTINGS.auth;
const { trustedProxies } = SETTINGS.server;

const ONLY_FROM_PROXIES = "since certificates come in the header of a trusted proxy only";

/** What about client certificates is asked for, in the order in which one is named for all. */
function askedFor({ auth }: Config): readonly Setting<unknown>[] {
  return [
    ...(auth.clientCa === undefined ? [] : [clientCa]),
    ...(auth.clientCertVerifiedByProxy ? [clientCertVerifiedByProxy] : []),
    ...(auth.clientCertFormat === undefined ? [] : [clientCertFormat]),
    ...(auth.clientCertHeader === undefined ? [] : [clientCertHeader]),
  ];
}

/**
 * Finds what client certificates would lack. Our own TLS does not show them, so whoever asks for them must say which
 * proxies hand them on and how, and who vouches for them.
 *
 * @param sourceOf where a setting was given
 */
export function unusableCertificates(
  config: Config,
  sourceOf: (setting: Setting<unknown>) => Source | undefined,
): readonly ConfigProblem[] {
  const { auth, server } = config;
  const [asking] = askedFor(config);
  const source = asking === undefined ? undefined : sourceOf(asking);
  if (asking === undefined || source === undefined) return [];
  const lacks = (key: Setting<unknown>, what: string, why: string): ConfigProblem => ({
    source,
    key: key.name,
    expected: `${what} for ${asking.name}, ${why}`,
    received: "nothing",
  });
  const problems: ConfigProblem[] = [];
  if (auth.clientCertFormat === undefined) {
    problems.push(lacks(clientCertFormat, clientCertFormat.expected, ONLY_FROM_PROXIES));
  }
  if (server.trustedProxies.length === 0) {
    problems.push(lacks(trustedProxies, trustedProxies.expected, ONLY_FROM_PROXIES));
  }
  if (auth.clientCa === undefined && !auth.clientCertVerifiedByProxy) {
    const what = `${clientCa.expected}, or ${clientCertVerifiedByProxy.name} to be true,`;
    problems.push(lacks(clientCa, what, "since a certificate that nobody has verified proves nothing"));
  }
  return problems;
}
