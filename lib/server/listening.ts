import type { AnyElysia } from "elysia";
import { describeListenAddress } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import type { Pressure } from "../http/crowd.ts";
import { DEFAULT_LIMITS, type Limits } from "../http/limits.ts";
import { type Listener, listen } from "../http/listener.ts";
import type { Log } from "../log.ts";
import { type AccessWriter, withAccessLog } from "../app/access-log.ts";
import { createApp, type OnError, ownPathsOf } from "../app/app.ts";
import { createContexts } from "../app/context.ts";
import { withMeters } from "../app/measured.ts";
import type { Meters } from "../app/meters.ts";
import type { Registry } from "../app/registry.ts";
import { createRequestIds, withRequestIds } from "../app/request-ids.ts";
import { createService } from "../app/service.ts";

interface ListeningOptions {
  readonly server: Config["server"];
  /** Writes what is to be logged of each request; absent means that nothing is. */
  readonly access?: ((ownPaths: ReadonlySet<string>) => AccessWriter) | undefined;
  /** Whether clients are told the ids of their requests. */
  readonly requestIds?: boolean;
  /** What requests are counted by; absent where nothing is measured. */
  readonly meters?: Meters | undefined;
  readonly limits?: Limits;
  readonly log: Log;
  readonly registry: Registry;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly sharesPort?: boolean;
  readonly extra?: AnyElysia;
}

/** Listens for a registry's clients. @throws the system's error when the address can't be had */
export function startListening(options: ListeningOptions): Listener {
  const { server, log, registry, tls, sharesPort = false, extra, meters, access, requestIds = false } = options;
  const { limits = DEFAULT_LIMITS } = options;
  const { trustedProxies } = server;
  const { host, port } = firstAddress(server);
  const onError: OnError = (error, id) => log.error("request failed", { error: String(error), "request.id": id });
  const onPressure = ({ most, gaveWay, beyond }: Pressure) =>
    log.warn("too many connections, or too much in memory for them", { connections: most, gaveWay, beyond });
  const ids = createRequestIds(trustedProxies);
  const contexts = createContexts();
  const app = createApp({ contexts, registry, onError, ...(extra !== undefined && { extra }) });
  const ownPaths = ownPathsOf(app);
  const answering = createService({ app, contexts, registry, ids, onError });
  const measured = meters === undefined ? answering : withMeters(answering, meters, ownPaths);
  const named = withRequestIds(measured, ids, requestIds);
  const asksForPasswords = registry.deployment.credentials.kind === "basic";
  return listen(
    { hostname: host, port, sharesPort, limits, onPressure, ...(tls !== undefined && { tls }) },
    access === undefined
      ? named
      : withAccessLog(named, { write: access(ownPaths), ids, trustedProxies, asksForPasswords }),
  );
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
  EACCES: "ports below 1024 are for root; choose another with --port",
};

/** An address as a URL has it. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** The first address that is listened on. @throws where it is a Unix socket */
export function firstAddress({ listen: [address] }: Config["server"]): {
  readonly host: string;
  readonly port: number;
} {
  if (address.kind === "unix") throw new Error(`can't listen on ${describeListenAddress(address)} yet`);
  return address;
}

/** Why listening failed, and what to do about it. */
export function describeListenError(error: unknown, server: Config["server"]): string {
  const { host, port } = firstAddress(server);
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `can't listen on ${hostAndPort(host, port)}: ${HINTS[code] ?? code} (${code})`;
}
