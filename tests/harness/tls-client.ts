import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

interface TlsQuestion {
  /** Of the loopback, that the client is seen at. */
  readonly from: string;
  readonly port: number;
  /** As it is; nobody normalises it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM of who may have issued the server's certificate. */
  readonly ca: string;
}

/** Asks over TLS from an address of choice. @returns the status of the answer */
export function statusOverTls({ from, port, path, headers = {}, ca }: TlsQuestion): Promise<number> {
  const lines = Object.entries({ Host: "localhost", Connection: "close", ...headers }).map((line) => line.join(": "));
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: "127.0.0.1", port, localAddress: from });
    const secure = connectTls({ socket, ca, servername: "localhost" });
    let answer = "";
    secure.on("data", (bytes) => {
      answer += bytes.toString("latin1");
    });
    secure.on("end", () => resolve(Number(answer.split(" ")[1])));
    for (const each of [socket, secure]) each.on("error", reject);
    secure.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  });
}
