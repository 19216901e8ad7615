import { DEFAULT_HEAD_LIMITS, emptyMemo } from "./fields.ts";
import { type AnswerForm, type HeadFault, parseRequestHead, type RequestHead } from "./request-head.ts";
import { fieldLines, spell, statusLine } from "./response.ts";
import type { Clock, Timeouts, Wire } from "./wire.ts";

/** An answer that is ready before it is asked for: nothing to await, nothing to stream. */
export interface PreparedAnswer {
  /** Status line and header lines, each with its CRLF, Content-Length among them; Date is added. ASCII. */
  readonly head: string;
  /** ASCII. Left out of the answer to HEAD by whoever prepares it. */
  readonly body: string;
}

/** What the connection asks of the program behind it. */
export interface Service {
  /** The answer, if it can be given on the spot; undefined sends the request to `answer`. */
  readonly answerNow: (head: RequestHead, peer: string) => PreparedAnswer | undefined;
  readonly answer: (head: RequestHead, peer: string) => Promise<Response>;
  /** How to word the answer to what can't be read. */
  readonly refuse: (fault: HeadFault) => Response;
  readonly onError: (error: unknown) => void;
}

/** One connection, driven by its socket's events. */
export interface Connection {
  onData(bytes: Buffer): void;
  onDrain(): void;
  onClose(): void;
  /** Called about once a second. */
  onTick(): void;
  /** No request after the present one; an idle connection ends at once. */
  finish(): void;
}

const CRUMBS = 4096;
const MAX_UNREAD_WHILE_ANSWERING = 64 * 1024;
const CLOSE_LINE = "Connection: close\r\n";
const KEEP_ALIVE_LINE = "Connection: keep-alive\r\n";
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);

type State = "reading" | "answering" | "lingering" | "closed";

/** Starts to speak HTTP/1.x with one client: requests in order, pipelined or not, answers in the same order. */
export function openConnection(wire: Wire, service: Service, clock: () => Clock, timeouts: Timeouts): Connection {
  let state: State = "reading";
  let unread = "";
  let examined = Number.NEGATIVE_INFINITY;
  let bodyToSkip = 0;
  let unsent: Uint8Array[] = [];
  let onSent: (() => void) | undefined;
  let isLast = false;
  const memo = emptyMemo();
  let since = clock().seconds;

  const isClosed = (): boolean => state === "closed";

  const send = (data: Uint8Array | string): void => {
    if (isClosed() || data.length === 0) return;
    const written = unsent.length === 0 ? wire.write(data) : 0;
    if (written === data.length) return;
    if (written < 0) {
      // A socket that is paused when it breaks never says that it is closed.
      wire.terminate();
      return;
    }
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    // The client owes us from now on: a long body may have gone out without a drain so far.
    if (unsent.length === 0) since = clock().seconds;
    unsent.push(bytes.subarray(written));
    wire.pause();
  };

  const sent = (): Promise<void> =>
    unsent.length === 0 || isClosed()
      ? Promise.resolve()
      : new Promise((resolve) => {
          onSent = resolve;
        });

  const linger = (): void => {
    if (isClosed()) return;
    state = "lingering";
    unread = "";
    since = clock().seconds;
    if (unsent.length === 0) wire.endWriting();
  };

  const endingLines = (head: AnswerForm): string => {
    if (isLast) return CLOSE_LINE;
    return head.isHttp10 ? KEEP_ALIVE_LINE : "";
  };

  const sendResponse = async (response: Response, head: AnswerForm): Promise<void> => {
    const headers = [...response.headers]
      .filter(([name]) => name !== "content-length" && name !== "connection")
      .map(([name, value]) => [spell(name), value] as const);
    const declared = response.headers.get("content-length");
    const isStreamed = declared !== null && response.body !== null;
    const bytes = isStreamed ? undefined : new Uint8Array(await response.arrayBuffer());
    const length = NO_BODY_STATUS.has(response.status) ? "" : `Content-Length: ${declared ?? bytes?.length ?? 0}\r\n`;
    const lines = `${statusLine(response.status)}${fieldLines(headers)}${length}${clock().dateLine}${endingLines(head)}\r\n`;
    const hasBody = head.method !== "HEAD" && !NO_BODY_STATUS.has(response.status);
    // Together, since each write is a call of the system and may be a packet.
    if (bytes !== undefined) return send(hasBody ? Buffer.concat([Buffer.from(lines, "latin1"), bytes]) : lines);
    send(lines);
    if (hasBody) await stream(response.body);
    else await response.body?.cancel();
  };

  const stream = async (body: ReadableStream<Uint8Array> | null): Promise<void> => {
    if (body === null) return;
    for await (const chunk of body) {
      if (isClosed()) return;
      send(chunk);
      await sent();
    }
  };

  /** Sends an answer that is not ready yet; nothing more is read until it is on its way. */
  const answer = async (head: AnswerForm, asked: () => Promise<Response> | Response): Promise<void> => {
    state = "answering";
    try {
      await sendResponse(await asked(), head);
      await sent();
    } catch (error) {
      service.onError(error);
      return wire.terminate();
    }
    if (isClosed()) return;
    state = "reading";
    since = clock().seconds;
    if (isLast) return linger();
    wire.resume();
    readOn();
  };

  /** Reads requests as long as there are whole ones, and answers those that can be answered now. */
  const readOn = (): void => {
    let out = "";
    let at = 0;
    const settle = (): void => {
      unread = unread.slice(at);
      examined = unread === "" ? Number.NEGATIVE_INFINITY : unread.length;
      send(out);
    };
    while (state === "reading") {
      const skipped = Math.min(bodyToSkip, unread.length - at);
      bodyToSkip -= skipped;
      at += skipped;
      if (at === unread.length) break;
      const result = parseRequestHead(unread, at, DEFAULT_HEAD_LIMITS, memo);
      if (result.kind === "incomplete") break;
      if (result.kind === "fault") {
        settle();
        isLast = true;
        void answer({ method: result.fault.method, isHttp10: false }, () => service.refuse(result.fault));
        return;
      }
      const { head } = result;
      at = result.end;
      // Where chunks end is not worth knowing for a registry that takes no uploads: the connection ends instead.
      if (head.body === "chunked") isLast = true;
      else bodyToSkip = head.body;
      if (!head.keepsAlive) isLast = true;
      const prepared = service.answerNow(head, wire.peer);
      if (prepared === undefined) {
        settle();
        void answer(head, () => service.answer(head, wire.peer));
        return;
      }
      out += `${prepared.head}${clock().dateLine}${endingLines(head)}\r\n${prepared.body}`;
      if (isLast) break;
    }
    settle();
    if (isLast) linger();
  };

  return {
    onData(bytes) {
      if (state === "lingering" || isClosed()) return;
      if (unread === "" && state === "reading") since = clock().seconds;
      const text = bytes.toString("latin1");
      unread += text;
      // A head that comes in crumbs is not read again for each of them.
      if (bodyToSkip === 0 && unread.length - examined < CRUMBS && !text.includes("\n")) return;
      if (state === "reading") readOn();
      else if (unread.length > MAX_UNREAD_WHILE_ANSWERING) wire.pause();
    },
    onDrain() {
      since = clock().seconds;
      while (unsent[0] !== undefined) {
        const written = wire.write(unsent[0]);
        if (written < 0) {
          wire.terminate();
          return;
        }
        if (written < unsent[0].length) {
          unsent[0] = unsent[0].subarray(written);
          return;
        }
        unsent.shift();
      }
      onSent?.();
      onSent = undefined;
      if (state === "lingering") wire.endWriting();
      if (state !== "answering") wire.resume();
    },
    onClose() {
      state = "closed";
      unsent = [];
      onSent?.();
    },
    onTick() {
      const waited = clock().seconds - since;
      if (state === "lingering" && waited > (unsent.length === 0 ? timeouts.linger : timeouts.stall)) wire.terminate();
      else if (unsent.length > 0 && waited > timeouts.stall) wire.terminate();
      else if (state === "reading" && unread !== "" && waited > timeouts.head) wire.terminate();
      else if (state === "reading" && waited > timeouts.idle) linger();
    },
    finish() {
      isLast = true;
      if (state === "reading" && unread === "") linger();
    },
  };
}
