/** A TCP proxy that makes its server far away. */
import { connect, createServer, type Socket } from "node:net";

/** A server behind a slow network. */
export interface Distant {
  readonly port: number;
  /** Sets the round-trip time, in milliseconds. */
  readonly setLatency: (milliseconds: number) => void;
  /** Returns the requests since the last call. */
  readonly takeRequests: () => number;
  readonly stop: () => void;
}

/**
 * Puts a server behind a proxy that holds all bytes for half a round trip in each direction, and the first bytes of a
 * connection for a whole one more, which is what TCP's handshake takes.
 *
 * @param port of the server, on the loopback
 */
export async function distant(port: number): Promise<Distant> {
  let latency = 0;
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const opened = performance.now() + latency;
    const upstream = connect(port, "127.0.0.1");
    let isAnswered = true;
    const after = (wait: number, action: () => void) => setTimeout(action, wait);
    client.on("data", (bytes) => {
      if (isAnswered) requests++;
      isAnswered = false;
      after(Math.max(0, opened - performance.now()) + latency / 2, () => upstream.write(bytes));
    });
    upstream.on("data", (bytes) => {
      isAnswered = true;
      after(latency / 2, () => client.write(bytes));
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("end", () => after(Math.max(0, opened - performance.now()) + latency / 2, () => to.end()));
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    setLatency: (milliseconds) => {
      latency = milliseconds;
    },
    takeRequests: () => {
      const taken = requests;
      requests = 0;
      return taken;
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
