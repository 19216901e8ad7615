/** Listening: one app on every configured address, over HTTP or TLS. */
import { unlinkSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import type { AnyElysia } from "elysia";
import { describeListenAddress, type ListenAddress } from "../config/addresses.ts";
import type { Log } from "../log.ts";
import { openDescriptors } from "./descriptors.ts";

/** Certificate and key, as PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface ListenOptions {
  readonly addresses: readonly ListenAddress[];
  readonly tls?: Tls | undefined;
  /** Lets several processes listen on one port; the kernel spreads connections over them. */
  readonly sharesPort?: boolean;
  /** Also speaks HTTP/2. */
  readonly http2?: boolean;
  /** Seconds after which a connection without a request is closed. */
  readonly idleTimeout: number;
  /** Most bytes of a request's head. */
  readonly headerBytes: number;
  /** Open file descriptors above which no connection is accepted. */
  readonly maxDescriptors: number;
  readonly log: Log;
}

/** A listening server. */
export interface Listener {
  /** Where it listens, such as `https://0.0.0.0:5000`. */
  readonly urls: readonly string[];
  /** Requests that wait for their answer. */
  readonly pendingRequests: () => number;
  /** Uses another certificate for new connections; open ones keep theirs. */
  readonly replaceTls: (tls: Tls) => void;
  /**
   * Stops listening and lets requests finish.
   *
   * @param grace seconds after which open connections are cut off
   */
  readonly close: (grace: number) => Promise<void>;
}

type Server = Bun.Server<unknown>;

/** Nobody reads bodies; docker's `login` of v1 sends a small one. */
const MAX_BODY_BYTES = 64 * 1024;

const CHECK_MILLISECONDS = 250;

/** Part of the descriptors that must be free before connections are accepted again. */
const FREE_PART = 0.1;

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
  EACCES: "ports below 1024 are for root; choose another with --port",
};

/** Says why an address can't be had, and what to do. */
export function describeListenError(error: unknown, address: ListenAddress): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `can't listen on ${describeListenAddress(address)}: ${HINTS[code] ?? code} (${code})`;
}

/** An address that can't be listened on. */
export class ListenError extends Error {}

/** Tries an address without sharing it: with SO_REUSEPORT a second craned would take half of the first one's clients. */
export function mustBeFree(address: ListenAddress): Promise<void> {
  if (address.kind === "unix" || address.port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => reject(new ListenError(describeListenError(error, address))));
    probe.listen({ port: address.port, host: address.host, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function start(app: AnyElysia, address: ListenAddress, options: ListenOptions): Server {
  const { tls, sharesPort = false, http2 = false, idleTimeout } = options;
  const place = address.kind === "unix" ? { unix: address.path } : { hostname: address.host, port: address.port };
  try {
    app.listen({
      ...place,
      // With TLS, the listener of a new certificate takes over from that of the old one.
      ...(address.kind === "tcp" && { reusePort: sharesPort || tls !== undefined }),
      idleTimeout,
      maxRequestBodySize: MAX_BODY_BYTES,
      development: false,
      http2,
      ...(tls !== undefined && { tls: { ...tls } }),
    } as Parameters<AnyElysia["listen"]>[0]);
  } catch (error) {
    throw new ListenError(describeListenError(error, address));
  }
  return app.server as unknown as Server;
}

/** A socket that a killed process left behind would keep the next one from listening. */
function removeSocket(address: ListenAddress): void {
  if (address.kind !== "unix") return;
  try {
    unlinkSync(address.path);
  } catch {
    // There is none.
  }
}

/**
 * Listens on all addresses.
 *
 * Bun accepts connections in a tight loop when the process has no file descriptor left, so accepting pauses before
 * that: idle connections are closed, and no new ones are accepted until descriptors are free.
 *
 * @throws ListenError when an address can't be had
 */
export async function listen(app: AnyElysia, options: ListenOptions): Promise<Listener> {
  const { addresses, sharesPort = false, headerBytes, maxDescriptors, log } = options;
  let { tls } = options;
  // Bun reads it when a server starts; the types know only how Node has it.
  (http as { maxHeaderSize: number }).maxHeaderSize = headerBytes;
  if (tls !== undefined && !sharesPort) for (const address of addresses) await mustBeFree(address);

  /** Addresses with the ports that were free, where port 0 was asked for. */
  const bound: ListenAddress[] = [];
  let servers: Server[] = [];
  const startAll = (places: readonly ListenAddress[]): Server[] =>
    places.map((address) => start(app, address, { ...options, tls }));
  try {
    for (const address of addresses) {
      removeSocket(address);
      const server = start(app, address, options);
      servers.push(server);
      bound.push(address.kind === "tcp" ? { ...address, port: server.port ?? address.port } : address);
    }
  } catch (error) {
    for (const server of servers) void server.stop(true);
    throw error;
  }

  const ending = new Set<Promise<void>>();
  const stopAll = (): void => {
    for (const server of servers) {
      const stopped = server.stop(false);
      ending.add(stopped);
      void stopped.then(() => ending.delete(stopped));
    }
  };
  const all = new Set<Server>(servers);

  let isPaused = false;
  const check = (): void => {
    const open = openDescriptors() ?? Number.POSITIVE_INFINITY;
    if (!isPaused && open > maxDescriptors) {
      for (const server of servers) server.closeIdleConnections();
      log.warn("too many connections: none is accepted until others have ended", { descriptors: open });
      isPaused = true;
      stopAll();
    } else if (isPaused && open < maxDescriptors * (1 - FREE_PART)) {
      isPaused = false;
      servers = startAll(bound);
      for (const server of servers) all.add(server);
      log.info("connections are accepted again", { descriptors: open });
    }
  };
  const timer = Number.isFinite(maxDescriptors) ? setInterval(check, CHECK_MILLISECONDS) : undefined;
  const scheme = tls === undefined ? "http" : "https";
  return {
    urls: bound.map((address) =>
      address.kind === "unix" ? describeListenAddress(address) : `${scheme}://${describeListenAddress(address)}`,
    ),
    pendingRequests: () => [...all].reduce((sum, server) => sum + server.pendingRequests, 0),
    replaceTls(next) {
      tls = next;
      if (isPaused) return;
      const old = servers;
      servers = startAll(bound.filter(({ kind }) => kind === "tcp"));
      for (const server of servers) all.add(server);
      for (const server of old) void server.stop(false);
    },
    async close(grace) {
      clearInterval(timer);
      const stopped = Promise.all([...all].map((server) => server.stop(false)));
      await Promise.race([stopped, Bun.sleep(grace * 1000)]);
      await Promise.all([...all].map((server) => server.stop(true)));
      for (const address of bound) removeSocket(address);
    },
  };
}
