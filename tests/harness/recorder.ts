import { type AddressInfo, connect, createServer } from "node:net";

/** A relay in front of a server, which remembers what clients asked for. */
export interface Recorder {
  /** `127.0.0.1:<port>`, which clients are given instead of the server's. */
  readonly host: string;
  /** Method and target of every request so far, in the order of their arrival. */
  readonly requests: () => readonly string[];
  readonly stop: () => void;
}

/** Relays bytes as they are; a request line is taken to arrive in one piece. */
export async function recordRequests(port: number): Promise<Recorder> {
  const requests: string[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    client.on("data", (bytes) => {
      for (const [, request = ""] of bytes.toString("latin1").matchAll(/^([A-Z]+ \S+) HTTP\/1\.1\r$/gm)) {
        requests.push(request);
      }
    });
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return { host: `127.0.0.1:${address.port}`, requests: () => requests, stop: () => void server.close() };
}
