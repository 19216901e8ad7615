/** A connection on which bytes are sent as they are. */

/** Who ended it: `nobody` means that nothing came for {@link PATIENCE_MS}, `error` that it broke. */
type EndedBy = "server" | "client" | "nobody" | "error";

export interface Heard {
  /** All that came, one character a byte. */
  readonly text: string;
  readonly endedBy: EndedBy;
}

/** What the server has to have said or done by then. */
const PATIENCE_MS = 20_000;

interface Asking {
  readonly port: number;
  readonly isTls: boolean;
  /** Sent one after the other, each in a packet of its own if there are several. */
  readonly pieces: readonly string[];
  /** Told all that came so far; once it is enough, the client ends the connection. Absent where the server has to. */
  readonly isEnough?: (text: string) => boolean;
  /** For so long the client waits for more when it has enough. */
  readonly lullMs?: number;
}

/** @throws when there is no connection to be had */
export function converse({ port, isTls, pieces, isEnough, lullMs }: Asking): Promise<Heard> {
  return new Promise((resolve, reject) => {
    let text = "";
    let endedBy: EndedBy = "server";
    let unsent: Buffer | undefined;
    const left = [...pieces];
    let timer: Timer | undefined;
    let lull: Timer | undefined;
    const done = () => {
      clearTimeout(timer);
      clearTimeout(lull);
      resolve({ text, endedBy });
    };
    const hangUp = (socket: Bun.Socket<undefined>, by: EndedBy) => {
      endedBy = by;
      socket.end();
      // What the server may have to say after that is of no interest.
      if (by === "nobody") socket.terminate();
    };
    const hangUpIfEnough = (socket: Bun.Socket<undefined>): void => {
      clearTimeout(lull);
      if (endedBy !== "server" || left.length > 0 || isEnough?.(text) !== true) return;
      if (lullMs === undefined) hangUp(socket, "client");
      else lull = setTimeout(() => hangUp(socket, "client"), lullMs);
    };
    const feed = (socket: Bun.Socket<undefined>): void => {
      for (;;) {
        if (unsent === undefined) {
          const piece = left.shift();
          if (piece === undefined) {
            hangUpIfEnough(socket);
            return;
          }
          unsent = Buffer.from(piece, "latin1");
        }
        const written = socket.write(unsent);
        if (written < unsent.length) {
          if (written > 0) unsent = unsent.subarray(written);
          return;
        }
        unsent = undefined;
        if (left.length > 0) {
          setImmediate(() => feed(socket));
          return;
        }
      }
    };
    void Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      ...(isTls && { tls: { rejectUnauthorized: false } }),
      socket: {
        open: (socket) => {
          timer = setTimeout(() => hangUp(socket, "nobody"), PATIENCE_MS);
          socket.setNoDelay(true);
          if (!isTls) feed(socket);
        },
        handshake: (socket) => {
          if (isTls) feed(socket);
        },
        drain: feed,
        data: (socket, bytes) => {
          text += bytes.toString("latin1");
          hangUpIfEnough(socket);
        },
        end: (socket) => void socket.end(),
        close: done,
        error: () => {
          endedBy = "error";
          done();
        },
        connectError: (_socket, error) => reject(error),
      },
    }).catch(reject);
  });
}
