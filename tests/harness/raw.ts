/** One answer as it was received. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly head: string;
  readonly body: string;
}

/** An answer to HEAD has a length and no body; it shows by what follows. */
function parseAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let at = 0;
  for (let end = text.indexOf("\r\n\r\n", at); end !== -1; end = text.indexOf("\r\n\r\n", at)) {
    const head = text.slice(at, end);
    const [statusLine = "", ...lines] = head.split("\r\n");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const hasBody = !text.startsWith("HTTP/1.1 ", end + 4);
    const length = hasBody ? Number(headers.get("content-length") ?? 0) : 0;
    answers.push({
      status: Number(statusLine.split(" ")[1]),
      headers,
      head,
      body: text.slice(end + 4, end + 4 + length),
    });
    at = end + 4 + length;
  }
  return answers;
}

/**
 * Sends bytes as they are and reads answers until the server ends the connection.
 *
 * @param data Latin-1; end the last request with `Connection: close` unless it is broken
 */
export function sendRaw(port: number, data: string): Promise<readonly RawAnswer[]> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const done = () => resolve(parseAnswers(Buffer.concat(chunks).toString("latin1")));
    void Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write(Buffer.from(data, "latin1")),
        data: (_socket, bytes) => void chunks.push(Buffer.from(bytes)),
        end: (socket) => void socket.end(),
        close: done,
        error: (_socket, error) => reject(error),
        connectError: (_socket, error) => reject(error),
      },
    });
  });
}

/** One request with its target as it is; no client normalises it. */
export async function ask(
  port: number,
  target: string,
  { method = "GET", headers = {} as Readonly<Record<string, string>> } = {},
): Promise<RawAnswer> {
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const request = `${method} ${target} HTTP/1.1\r\n${lines.join("")}Connection: close\r\n\r\n`;
  const [answer] = await sendRaw(port, request);
  if (answer === undefined) throw new Error(`no answer to ${method} ${target}`);
  return answer;
}
