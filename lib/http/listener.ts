import { type Connection, openConnection, type Service } from "./connection.ts";
import { type Clock, DEFAULT_TIMEOUTS, type Wire } from "./wire.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Lets several processes listen on one port; the kernel spreads connections over them. */
  readonly sharesPort?: boolean;
}

/** A listening server. */
export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /**
   * Takes no new connection, lets requests under way finish, and ends.
   *
   * @param grace seconds after which what is still open is cut off
   */
  close(grace: number): Promise<void>;
}

const TICK_MILLISECONDS = 1000;

function readClock(seconds: number): Clock {
  return { seconds, dateLine: `Date: ${new Date().toUTCString()}\r\n` };
}

function wireOf(socket: Bun.Socket<unknown>): Wire {
  return {
    peer: socket.remoteAddress,
    write: (data) => socket.write(data),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    endWriting: () => void socket.shutdown(),
    terminate: () => void socket.terminate(),
  };
}

/**
 * Listens for HTTP/1.1 on TCP or TLS.
 *
 * @throws the system's error when the address can't be had, as EADDRINUSE
 */
export function listen(options: ListenOptions, service: Service): Listener {
  const connections = new Set<Connection>();
  let clock = readClock(0);
  let onEmpty: (() => void) | undefined;
  const ticker = setInterval(() => {
    clock = readClock(clock.seconds + 1);
    for (const connection of connections) connection.onTick();
  }, TICK_MILLISECONDS);
  const close = (connection: Connection): void => {
    connection.onClose();
    connections.delete(connection);
    if (connections.size === 0) onEmpty?.();
  };

  const sockets = new Set<Bun.Socket<Connection>>();
  const server = Bun.listen<Connection>({
    hostname: options.hostname,
    port: options.port,
    ...(options.sharesPort === true && { reusePort: true }),
    ...(options.tls !== undefined && { tls: { ...options.tls } }),
    socket: {
      open(socket) {
        socket.data = openConnection(wireOf(socket), service, () => clock, DEFAULT_TIMEOUTS);
        connections.add(socket.data);
        sockets.add(socket);
      },
      data: (socket, bytes) => socket.data.onData(bytes),
      drain: (socket) => socket.data.onDrain(),
      close(socket) {
        sockets.delete(socket);
        close(socket.data);
      },
      error: (_socket, error) => service.onError(error),
    },
  });

  return {
    hostname: server.hostname,
    port: server.port,
    async close(grace) {
      server.stop(false);
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const connection of [...connections]) connection.finish();
      if (connections.size > 0) {
        const timer = setTimeout(() => {
          for (const socket of [...sockets]) socket.terminate();
        }, grace * 1000);
        await emptied;
        clearTimeout(timer);
      }
      clearInterval(ticker);
    },
  };
}
