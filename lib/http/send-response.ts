import type { Outbox } from "./outbox.ts";
import { fieldLines, spell, statusLine } from "./response.ts";

const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);

/** Longer bodies would cost more to copy than a packet does. */
const SMALL = 64 * 1024;

async function stream(outbox: Outbox, body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (!outbox.isOpen()) return;
    outbox.send(chunk);
    await outbox.sent();
  }
}

interface Sending {
  /** Of the request: an answer to HEAD has no body. */
  readonly method: string;
  /** Header lines that depend on the moment and the connection, each with its CRLF, when the body's length is known. */
  readonly ownLines: () => string;
}

/** Sends a response: at once if it has no length of its own, otherwise as the client takes it. */
export async function sendResponse(outbox: Outbox, response: Response, { method, ownLines }: Sending): Promise<void> {
  const { status, body } = response;
  const headers = [...response.headers]
    .filter(([name]) => name !== "content-length" && name !== "connection")
    .map(([name, value]) => [spell(name), value] as const);
  const declared = response.headers.get("content-length");
  const bytes = declared !== null && body !== null ? undefined : new Uint8Array(await response.arrayBuffer());
  const length = NO_BODY_STATUS.has(status) ? "" : `Content-Length: ${declared ?? bytes?.length ?? 0}\r\n`;
  const lines = `${statusLine(status)}${fieldLines(headers)}${length}${ownLines()}\r\n`;
  const hasBody = method !== "HEAD" && !NO_BODY_STATUS.has(status);
  if (bytes !== undefined && hasBody && bytes.length <= SMALL) {
    // Together, since each write is a call of the system and may be a packet.
    return outbox.send(Buffer.concat([Buffer.from(lines, "latin1"), bytes]));
  }
  outbox.send(lines);
  if (bytes !== undefined) return hasBody ? outbox.send(bytes) : undefined;
  if (body === null) return;
  if (hasBody) await stream(outbox, body);
  else await body.cancel();
}
