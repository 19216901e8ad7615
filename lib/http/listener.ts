import { type Connection, openConnection, type Service } from "./connection.ts";
import { createCrowd, type Pressure } from "./crowd.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { Clock, Wire } from "./wire.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Lets several processes listen on one port; the kernel spreads connections over them. */
  readonly sharesPort?: boolean;
  readonly limits?: Limits;
  /** Told now and then, as long as connections have to give way. */
  readonly onPressure?: (pressure: Pressure) => void;
}

/** A listening server. */
export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /** How many are open, and how many there have been. */
  readonly connections: () => { readonly open: number; readonly accepted: number };
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
    close: () => void socket.end(),
    terminate: () => void socket.terminate(),
  };
}

/**
 * Listens for HTTP/1.1 on TCP or TLS.
 *
 * @throws the system's error when the address can't be had, as EADDRINUSE
 */
export function listen(options: ListenOptions, service: Service): Listener {
  const { tls, limits = DEFAULT_LIMITS, onPressure = () => undefined } = options;
  let clock = readClock(0);
  let accepted = 0;
  let onEmpty: (() => void) | undefined;
  const crowd = createCrowd({ limits, now: () => clock.seconds, onPressure });
  const ticker = setInterval(() => {
    clock = readClock(clock.seconds + 1);
    crowd.onTick();
  }, TICK_MILLISECONDS);

  const server = Bun.listen<Connection | undefined>({
    hostname: options.hostname,
    port: options.port,
    // A client may end its side after its request and wait for the answer.
    allowHalfOpen: true,
    ...(options.sharesPort === true && { reusePort: true }),
    ...(tls !== undefined && { tls: { ...tls } }),
    socket: {
      open(socket) {
        accepted++;
        const place = crowd.admit();
        if (place === "too many") {
          socket.terminate();
          return;
        }
        const isExtra = place === "extra";
        socket.data = openConnection(wireOf(socket), service, {
          limits,
          clock: () => clock,
          isSecure: tls !== undefined,
          isExtra,
          onKept: crowd.kept,
        });
        crowd.add(socket.data);
      },
      handshake: (socket) => socket.data?.onHandshake(),
      data: (socket, bytes) => socket.data?.onData(bytes),
      drain: (socket) => socket.data?.onDrain(),
      end: (socket) => socket.data?.onEnd(),
      close(socket) {
        if (socket.data === undefined) return;
        socket.data.onClose();
        crowd.remove(socket.data);
        if (crowd.size() === 0) onEmpty?.();
      },
      error: (_socket, error) => service.onError(error),
    },
  });

  return {
    hostname: server.hostname,
    port: server.port,
    connections: () => ({ open: crowd.size(), accepted }),
    async close(grace) {
      server.stop(false);
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const connection of [...crowd.all()]) connection.finish();
      if (crowd.size() > 0) {
        const timer = setTimeout(() => {
          for (const connection of [...crowd.all()]) connection.cut();
        }, grace * 1000);
        await emptied;
        clearTimeout(timer);
      }
      clearInterval(ticker);
    },
  };
}
