import { statSync } from "node:fs";
import { type AddressSet, contains, describeListenAddress, type ListenAddress, parseAddressSet } from "./addresses.ts";
import type { LoadedConfig } from "./load.ts";
import { type ConfigProblem, quote } from "./problem.ts";
import { SETTINGS } from "./schema.ts";
import type { Setting } from "./setting.ts";

const PRIVATE = parseAddressSet(
  "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 ::1 fc00::/7 fe80::/10",
);

const isPrivate = (address: ListenAddress, privateAddresses: AddressSet | undefined = PRIVATE): boolean =>
  address.kind === "unix" ||
  address.host === "localhost" ||
  (privateAddresses !== undefined && contains(privateAddresses, address.host));

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Finds what `craned check` reports of a configuration that the program starts with: missing directories, and settings
 * that open what is meant to be closed.
 */
export function reviewConfig({ config, sourceOf }: LoadedConfig): {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
} {
  const { auth, management, server, serveContent } = config;
  const about = (setting: Setting<unknown>, expected: string, received: string): ConfigProblem => ({
    source: sourceOf(setting) ?? { kind: "default" },
    key: setting.name,
    expected,
    received,
  });
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];

  if (server.trustedProxies.isWide) {
    const expected = "the addresses of proxies; clients at all of these can claim any address and any certificate";
    problems.push(about(SETTINGS.server.trustedProxies, expected, quote(server.trustedProxies.blocks.join(", "))));
  }
  for (const [api, setting, directory] of [
    ["v1", SETTINGS.serveContent.contentDirV1, serveContent.contentDirV1],
    ["v2", SETTINGS.serveContent.contentDirV2, serveContent.contentDirV2],
  ] as const) {
    if (!serveContent.enable || isDirectory(directory)) continue;
    problems.push(about(setting, `a directory, or no ${api} content is served`, `${quote(directory)}: there is none`));
  }
  for (const root of sourceOf(SETTINGS.serveContent.linkRoots) === undefined ? [] : serveContent.linkRoots) {
    if (!isDirectory(root)) {
      warnings.push(
        about(SETTINGS.serveContent.linkRoots, "directories, separated by commas", `${quote(root)}: there is none`),
      );
    }
  }
  if (auth.clientCertVerifiedByProxy && auth.clientCa === undefined) {
    const expected = "auth.client_ca instead, unless the proxy refuses certificates of unknown issuers";
    warnings.push(about(SETTINGS.auth.clientCertVerifiedByProxy, expected, quote("true")));
  }
  if (management.listen !== undefined && !isPrivate(management.listen)) {
    const expected = "an address that only administrators can reach; everyone who can connect may see it";
    warnings.push(about(SETTINGS.management.listen, expected, quote(describeListenAddress(management.listen))));
  }
  if (management.onRegistryPort) {
    const expected = "false; every client of the registry may see metrics and the repository pages";
    warnings.push(about(SETTINGS.management.onRegistryPort, expected, quote("true")));
  }
  return { problems, warnings };
}
