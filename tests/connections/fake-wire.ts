/** A connection whose socket and clock are in the hands of the test. */
import { type Connection, openConnection, type Service } from "../../lib/http/connection.ts";
import { DEFAULT_LIMITS } from "../../lib/http/limits.ts";
import type { Wire } from "../../lib/http/wire.ts";

export const LIMITS = { ...DEFAULT_LIMITS, timeouts: { head: 3, idle: 10, stall: 5, linger: 1 } };

const TEXT = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";

/** Answers `/later` when told to, `/big` with a body of that many bytes, everything else on the spot. */
export function serviceOf({ bigBytes = 0 } = {}) {
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const service: Service = {
    answerNow({ target }) {
      asked.push(target);
      return target === "/later" || target === "/big" ? undefined : { head: TEXT, body: "" };
    },
    async answer({ target }) {
      if (target === "/later") await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response(target === "/big" ? "b".repeat(bigBytes) : "later");
    },
    refuse: ({ status }) => new Response(null, { status }),
    onError: (error) => {
      throw error;
    },
  };
  return { service, asked, answerLater: () => waiting.shift()?.() };
}

/** What is done to the socket, and what a client would see. */
export interface FakeWire {
  readonly wire: Wire;
  readonly events: string[];
  readonly written: () => string;
  /** How many bytes the client takes from now on. */
  takes: number;
}

export function fakeWire(onClosed: () => void = () => undefined): FakeWire {
  const chunks: string[] = [];
  const events: string[] = [];
  const fake = {
    takes: Number.POSITIVE_INFINITY,
    events,
    written: () => chunks.join(""),
    wire: {
      peer: "192.0.2.1",
      write(data: Uint8Array | string) {
        const text = typeof data === "string" ? data : Buffer.from(data).toString("latin1");
        const taken = Math.min(text.length, fake.takes);
        fake.takes -= taken;
        chunks.push(text.slice(0, taken));
        return taken;
      },
      pause: () => undefined,
      resume: () => undefined,
      endWriting: () => void events.push("ends writing"),
      close() {
        events.push("closes");
        onClosed();
      },
      terminate() {
        events.push("is cut");
        onClosed();
      },
    },
  };
  return fake;
}

/** One of them, and a clock that runs only when told to. */
export function startConnection(
  service: Service,
  options: { readonly isSecure?: boolean; readonly isExtra?: boolean } = {},
) {
  let seconds = 0;
  let connection: Connection | undefined;
  const fake = fakeWire(() => connection?.onClose());
  const clock = () => ({ seconds, dateLine: "Date: then\r\n" });
  connection = openConnection(fake.wire, service, { limits: LIMITS, clock, ...options });
  const opened = connection;
  return {
    connection: opened,
    fake,
    receive: (text: string) => opened.onData(Buffer.from(text, "latin1")),
    statuses: () => (fake.written().match(/HTTP\/1\.1 \d+/g) ?? []).map((line) => Number(line.slice(9))),
    /** Lets seconds pass, with what happens each second. */
    pass(count: number, eachSecond: () => void = () => undefined) {
      for (let second = 0; second < count; second++) {
        eachSecond();
        seconds++;
        opened.onTick();
      }
    },
  };
}
