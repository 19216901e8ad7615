import { type AddressSet, describeListenAddress, type ListenAddress } from "./addresses.ts";
import * as kinds from "./kinds.ts";
import { quote } from "./problem.ts";
import { type SectionReader, type Values, valuesOf } from "./reading.ts";
import { optional, setting } from "./setting.ts";

/** setTimeout keeps milliseconds in 31 bits, and fires at once beyond. */
export const MAX_TIMER_SECONDS = 2_147_483;

/** The section of the server. */
export const SERVER_SETTINGS = {
  host: setting("server.host", kinds.host, "0.0.0.0", "Address to listen on"),
  port: setting("server.port", kinds.integer(0, 65_535), "5000", "Port to listen on; 0 takes a free one"),
  listen: optional(
    "server.listen",
    kinds.listenAddresses,
    "server.host and server.port",
    "Addresses and Unix sockets to listen on, instead of server.host and server.port",
  ),
  workers: setting("server.workers", kinds.integer(1, 64), "1", "Processes that share the port"),
  tlsCertificate: optional(
    "server.tls_certificate",
    kinds.path,
    "plain HTTP",
    "PEM file with the server's certificate and its intermediate certificates",
  ),
  tlsKey: optional(
    "server.tls_key",
    kinds.path,
    "plain HTTP",
    "PEM file with the private key for server.tls_certificate",
  ),
  http2: setting("server.http2", kinds.boolean, "false", "Speak HTTP/2 too, by ALPN with TLS"),
  trustedProxies: setting(
    "server.trusted_proxies",
    kinds.addressSet,
    "",
    "Proxies whose headers about the client's address and certificate are believed",
  ),
  shutdownGrace: setting(
    "server.shutdown_grace",
    kinds.integer(0, MAX_TIMER_SECONDS),
    "10",
    "Time that open requests are given to finish when the server stops, in seconds",
  ),
};

/** The section of management: metrics, readiness and the pages for administrators. */
export const MANAGEMENT_SETTINGS = {
  listen: setting(
    "management.listen",
    kinds.listenAddressOrOff,
    "127.0.0.1:5001",
    "Address of metrics, readiness and the repository pages; everyone who can connect may see them",
  ),
  hosts: setting(
    "management.hosts",
    kinds.hostNames,
    "",
    "Further Host names that are answered there, besides addresses and localhost",
  ),
  onRegistryPort: setting(
    "management.on_registry_port",
    kinds.boolean,
    "false",
    "Serve them on the registry's port too, to all of its clients",
  ),
  showProtected: setting(
    "management.show_protected",
    kinds.boolean,
    "false",
    "Show protected repositories there, without a certificate that opens them",
  ),
};

export interface ServerConfig {
  readonly listen: readonly [ListenAddress, ...ListenAddress[]];
  readonly workers: number;
  /** Paths of PEM files; absent means plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly http2: boolean;
  readonly trustedProxies: AddressSet;
  readonly shutdownGrace: number;
}

export interface ManagementConfig extends Omit<Values<typeof MANAGEMENT_SETTINGS>, "listen"> {
  /** Undefined where it is off. */
  readonly listen: ListenAddress | undefined;
  /** Whether the address is the default one, which may be taken. */
  readonly isDefault: boolean;
}

/** Certificate and key require each other. */
function reportHalfTls({ sourceOf, report }: SectionReader): void {
  const pair = [SERVER_SETTINGS.tlsCertificate, SERVER_SETTINGS.tlsKey] as const;
  for (const [index, present] of pair.entries()) {
    const [source, missing] = [sourceOf(present), pair[1 - index]];
    if (source === undefined || missing === undefined || sourceOf(missing) !== undefined) continue;
    const expected = `${missing.expected}, since ${present.name} is given`;
    report({ source, key: missing.name, expected, received: "nothing" });
  }
}

/** Reads the section. */
export function readServer(reading: SectionReader): ServerConfig {
  const { get, sourceOf, report } = reading;
  const { host, port, listen, tlsCertificate, tlsKey, ...rest } = valuesOf(SERVER_SETTINGS, get);
  reportHalfTls(reading);
  for (const other of listen === undefined ? [] : [SERVER_SETTINGS.host, SERVER_SETTINGS.port]) {
    const source = sourceOf(other);
    const expected = `nothing, since ${SERVER_SETTINGS.listen.name} is given`;
    if (source !== undefined)
      report({ source, key: other.name, expected, received: quote(String(get<unknown>(other))) });
  }
  return {
    listen: listen ?? [{ kind: "tcp", host, port }],
    tls:
      tlsCertificate === undefined || tlsKey === undefined ? undefined : { certificate: tlsCertificate, key: tlsKey },
    ...rest,
  };
}

const WILDCARDS = ["0.0.0.0", "::"];

function overlap(one: ListenAddress, other: ListenAddress): boolean {
  if (one.kind === "unix" || other.kind === "unix") return describeListenAddress(one) === describeListenAddress(other);
  const hosts = [one.host, other.host];
  return (
    one.port === other.port && one.port !== 0 && (one.host === other.host || hosts.some((h) => WILDCARDS.includes(h)))
  );
}

/** Reads the section. A default address that the registry has taken is no problem: management is then off. */
export function readManagement({ get, sourceOf, report }: SectionReader, server: ServerConfig): ManagementConfig {
  const { listen, ...rest } = valuesOf(MANAGEMENT_SETTINGS, get);
  const source = sourceOf(MANAGEMENT_SETTINGS.listen);
  if (listen !== "off" && source !== undefined && server.listen.some((address) => overlap(address, listen))) {
    const received = quote(describeListenAddress(listen));
    report({ source, key: MANAGEMENT_SETTINGS.listen.name, expected: "another address than the registry's", received });
  }
  return { listen: listen === "off" ? undefined : listen, isDefault: source === undefined, ...rest };
}
