/** Listening: one app on every configured address, over HTTP or TLS. */
import { unlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { AnyElysia } from "elysia";
import { describeListenAddress, type ListenAddress } from "../config/addresses.ts";
import type { Log } from "../log.ts";
import { codeOrText } from "../system-error.ts";
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
  /** Its URLs, such as `https://0.0.0.0:5000`. */
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

/** Bodies are ignored; docker's `login` of v1 sends a small one. */
const MAX_BODY_BYTES = 64 * 1024;

const CHECK_MILLISECONDS = 250;

/** Part of the descriptors that must be free before connections are accepted again. */
const FREE_PART = 0.1;

/** For so long two servers with different certificates share a port. */
const HANDOVER_MILLISECONDS = 100;

/** Interval at which a stopping server checks for unanswered requests. */
const DRAIN_MILLISECONDS = 20;

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
  EACCES: "ports below 1024 are for root; choose another with --port",
};

/** Says why an address can't be had, and what to do. */
export function describeListenError(error: unknown, address: ListenAddress): string {
  const code = codeOrText(error);
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

/** Bun's own limit, in bytes. */
const DEFAULT_HEAD_BYTES = 16 * 1024;

/** Sets the limit of heads, which Bun reads when a server starts; the module that has it takes long to load. */
async function limitHeads(bytes: number): Promise<void> {
  if (bytes === DEFAULT_HEAD_BYTES) return;
  const { default: http } = await import("node:http");
  // The types know only how Node has it.
  (http as { maxHeaderSize: number }).maxHeaderSize = bytes;
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
 * Bun accepts connections in a tight loop when the process has no file descriptor left. Before that, idle connections are
 * closed, and if those are not enough, no connection is accepted until descriptors are free.
 *
 * @throws ListenError when an address can't be had
 */
export async function listen(app: AnyElysia, options: ListenOptions): Promise<Listener> {
  const { addresses, sharesPort = false, headerBytes, maxDescriptors, log } = options;
  let { tls } = options;
  await limitHeads(headerBytes);
  if (tls !== undefined && !sharesPort) for (const address of addresses) await mustBeFree(address);

  /** Addresses with the ports that were free, where port 0 was asked for. */
  const bound: ListenAddress[] = [];
  const first: Server[] = [];
  try {
    for (const address of addresses) {
      removeSocket(address);
      const server = start(app, address, options);
      first.push(server);
      bound.push(address.kind === "tcp" ? { ...address, port: server.port ?? address.port } : address);
    }
  } catch (error) {
    for (const server of first) void server.stop(true);
    throw error;
  }
  let servers: readonly Server[] = first;

  const all = new Set<Server>(servers);
  /** Lets a server finish its requests and accept no more. */
  const retire = (server: Server): void => void server.stop(false).then(() => all.delete(server));
  const startAgain = (address: ListenAddress): Server => {
    const server = start(app, address, { ...options, tls });
    all.add(server);
    return server;
  };

  let isCrowded = false;
  let isPaused = false;
  const check = (): void => {
    const open = openDescriptors() ?? 0;
    const hasRoom = open < maxDescriptors * (1 - FREE_PART);
    if (isPaused && hasRoom) {
      isPaused = false;
      servers = bound.map(startAgain);
      log.info("connections are accepted again", { descriptors: open });
    }
    if (hasRoom) isCrowded = false;
    if (isPaused || open <= maxDescriptors) return;
    for (const server of all) server.closeIdleConnections();
    if (!isCrowded) log.warn("too many connections: idle ones are closed", { descriptors: open });
    isCrowded = true;
    if ((openDescriptors() ?? 0) <= maxDescriptors) return;
    log.warn("too many connections: none is accepted until others have ended", { descriptors: open });
    isPaused = true;
    servers.forEach(retire);
  };
  const pendingRequests = () => [...all].reduce((sum, server) => sum + server.pendingRequests, 0);
  const timer = Number.isFinite(maxDescriptors) ? setInterval(check, CHECK_MILLISECONDS) : undefined;
  const scheme = tls === undefined ? "http" : "https";
  return {
    urls: bound.map((address) =>
      address.kind === "unix" ? describeListenAddress(address) : `${scheme}://${describeListenAddress(address)}`,
    ),
    pendingRequests,
    replaceTls(next) {
      tls = next;
      if (isPaused) return;
      servers = servers.map((server, index) => {
        const address = bound[index];
        // Two servers can't share a socket of the file system; there the certificate stays until the next start.
        if (address?.kind !== "tcp") return server;
        const next = startAgain(address);
        // What waits in the old one's queue would be reset; it has to be taken after the new one shares the port.
        setTimeout(retire, HANDOVER_MILLISECONDS, server);
        return next;
      });
    },
    async close(grace) {
      clearInterval(timer);
      const end = performance.now() + grace * 1000;
      for (const server of all) {
        server.closeIdleConnections();
        void server.stop(false);
      }
      // A connection that never had a request would keep a server from stopping until its time-out.
      while (pendingRequests() > 0 && performance.now() < end) await Bun.sleep(DRAIN_MILLISECONDS);
      await Promise.all([...all].map((server) => server.stop(true)));
      for (const address of bound) removeSocket(address);
    },
  };
}
