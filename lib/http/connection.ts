import { emptyMemo, forget } from "./fields.ts";
import type { Limits } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import { type AnswerForm, type HeadFault, parseRequestHead, type RequestHead } from "./request-head.ts";
import { sendResponse } from "./send-response.ts";
import type { Clock, Wire } from "./wire.ts";

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
  /** @param isExtra whether there is no room for its connection, so that what would take long is better refused */
  readonly answer: (head: RequestHead, peer: string, isExtra: boolean) => Promise<Response>;
  /** How to word the answer to what can't be read. */
  readonly refuse: (fault: HeadFault, peer: string) => Response;
  readonly onError: (error: unknown) => void;
}

/** What a connection waits for. */
export interface Waiting {
  /** `idle`: for nothing but another request. `request`: for the rest of one, or the first. `taking`: for the client. */
  readonly kind: "idle" | "request" | "taking";
  /** In the clock's seconds. */
  readonly since: number;
}

/** One connection, driven by its socket's events. */
export interface Connection {
  /** TLS has agreed on its keys. */
  onHandshake(): void;
  onData(bytes: Buffer): void;
  onDrain(): void;
  /** The client sends no more; it may still wait for answers. */
  onEnd(): void;
  onClose(): void;
  /** Called about once a second. */
  onTick(): void;
  /** Undefined while it is the program that works. */
  waiting(): Waiting | undefined;
  /** Bytes in memory: of a request that is not whole, of answers that are not taken. */
  held(): number;
  /** No request after the present one; an idle connection ends at once. */
  finish(): void;
  /** Ends it at once, whatever is under way. */
  cut(): void;
}

/** What a connection is born with. */
export interface ConnectionOptions {
  readonly limits: Pick<Limits, "head" | "timeouts">;
  readonly clock: () => Clock;
  /** Whether a handshake goes before. */
  readonly isSecure?: boolean;
  /** One beyond those that there is room for: it has to be quick, and has one answer. */
  readonly isExtra?: boolean;
  /** Told how many bytes of an answer were not taken at once. */
  readonly onKept?: (bytes: number) => void;
}

const CRUMBS = 4096;
const MAX_UNREAD_WHILE_ANSWERING = 64 * 1024;
/** A batch of pipelined requests is answered as far as this, and on only when the client has taken that. */
const MAX_OUT = 256 * 1024;
const CLOSE_LINE = "Connection: close\r\n";
const KEEP_ALIVE_LINE = "Connection: keep-alive\r\n";
/** Seconds for which the last request's header lines are kept: who repeats them does it soon. */
const MEMO_SECONDS = 2;

type State = "reading" | "answering" | "lingering" | "closed";

/** Starts to speak HTTP/1.x with one client: requests in order, pipelined or not, answers in the same order. */
export function openConnection(wire: Wire, service: Service, options: ConnectionOptions): Connection {
  const { clock, isExtra = false } = options;
  const { head: headLimits, timeouts } = options.limits;
  const now = (): number => clock().seconds;
  const outbox = createOutbox(wire, now);
  let state: State = "reading";
  let isShakingHands = options.isSecure === true;
  let unread = "";
  let examined = Number.NEGATIVE_INFINITY;
  let bodyToSkip = 0;
  let isLast = isExtra;
  let hasEnded = false;
  let hasAnswered = false;
  const memo = emptyMemo();
  let since = now();

  const endWriting = (): void => (hasEnded ? wire.close() : wire.endWriting());
  const linger = (): void => {
    if (!outbox.isOpen()) return;
    state = "lingering";
    unread = "";
    since = now();
    if (outbox.isEmpty()) endWriting();
  };

  const endingLines = (head: AnswerForm): string => {
    if (isLast) return CLOSE_LINE;
    return head.isHttp10 ? KEEP_ALIVE_LINE : "";
  };

  /** Sends an answer that is not ready yet; nothing more is read until it is on its way. */
  const answer = async (head: AnswerForm, asked: () => Promise<Response> | Response): Promise<void> => {
    state = "answering";
    try {
      const ownLines = () => clock().dateLine + endingLines(head);
      await sendResponse(outbox, await asked(), { method: head.method, ownLines });
      if (!outbox.isEmpty()) options.onKept?.(outbox.bytes());
      await outbox.sent();
    } catch (error) {
      service.onError(error);
      return wire.terminate();
    }
    if (!outbox.isOpen()) return;
    state = "reading";
    since = now();
    hasAnswered = true;
    wire.resume();
    if (isLast) return linger();
    readOn();
  };

  /** Reads requests as long as there are whole ones, and answers those that can be answered now. */
  const readOn = (): void => {
    let out = "";
    let at = 0;
    let isFurther = false;
    const settle = (): void => {
      unread = unread.slice(at);
      examined = unread === "" ? Number.NEGATIVE_INFINITY : unread.length;
      at = 0;
      if (isFurther) since = now();
      outbox.send(out);
      out = "";
    };
    while (state === "reading") {
      if (bodyToSkip > 0) {
        const skipped = Math.min(bodyToSkip, unread.length - at);
        bodyToSkip -= skipped;
        at += skipped;
        isFurther ||= bodyToSkip === 0;
      }
      if (at === unread.length) break;
      const result = parseRequestHead(unread, at, headLimits, memo);
      if (result.kind === "incomplete") break;
      if (result.kind === "fault") {
        settle();
        isLast = true;
        void answer({ method: result.fault.method, isHttp10: false }, () => service.refuse(result.fault, wire.peer));
        return;
      }
      const { head } = result;
      at = result.end;
      isFurther = true;
      // Where chunks end is not worth knowing for a registry that takes no uploads: the connection ends instead.
      if (head.body === "chunked") isLast = true;
      else bodyToSkip = head.body;
      if (!head.keepsAlive) isLast = true;
      const prepared = service.answerNow(head, wire.peer);
      if (prepared === undefined) {
        settle();
        void answer(head, () => service.answer(head, wire.peer, isExtra));
        return;
      }
      hasAnswered = true;
      out += `${prepared.head}${clock().dateLine}${endingLines(head)}\r\n${prepared.body}`;
      if (isLast) break;
      if (out.length > MAX_OUT) {
        settle();
        if (!outbox.isEmpty()) return;
      }
    }
    settle();
    if (isLast || hasEnded) linger();
  };

  /** Whether it waits too long for the first or the next request, or for the rest of one. */
  const isOverdue = (waited: number): boolean => {
    if (isExtra) return waited > timeouts.linger;
    return (isShakingHands || unread !== "") && waited > timeouts.head;
  };

  return {
    onHandshake() {
      isShakingHands = false;
      since = now();
    },
    onData(bytes) {
      if (state === "lingering" || !outbox.isOpen()) return;
      if (unread === "" && bodyToSkip === 0 && state === "reading") since = now();
      const text = bytes.toString("latin1");
      unread += text;
      // A head that comes in crumbs is not read again for each of them.
      if (bodyToSkip === 0 && unread.length - examined < CRUMBS && !text.includes("\n")) return;
      if (state === "reading" && outbox.isEmpty()) readOn();
      else if (unread.length > MAX_UNREAD_WHILE_ANSWERING) wire.pause();
    },
    onDrain() {
      if (!outbox.drain()) return;
      if (state === "lingering") endWriting();
      if (state !== "answering") wire.resume();
      if (state !== "reading") return;
      since = now();
      if (unread !== "") readOn();
    },
    onEnd() {
      hasEnded = true;
      if (!outbox.isEmpty()) return;
      if (state === "reading") readOn();
      else if (state === "lingering") wire.close();
    },
    onClose() {
      state = "closed";
      outbox.drop();
    },
    onTick() {
      const waited = now() - since;
      if (!outbox.isEmpty()) {
        if (now() - outbox.since() > timeouts.stall) wire.terminate();
      } else if (state === "lingering" && waited > timeouts.linger) {
        // Not cut: the kernel may still have something for a slow client.
        wire.close();
      } else if (state === "reading") {
        if (isOverdue(waited)) wire.terminate();
        else if (waited > timeouts.idle) linger();
        else if (waited >= MEMO_SECONDS) forget(memo);
      }
    },
    waiting() {
      if (!outbox.isEmpty()) return { kind: "taking", since: outbox.since() };
      if (state === "lingering") return { kind: "idle", since };
      if (state !== "reading") return undefined;
      return { kind: hasAnswered && unread === "" && bodyToSkip === 0 ? "idle" : "request", since };
    },
    held: () => unread.length + outbox.bytes(),
    finish() {
      isLast = true;
      if (state === "reading" && unread === "") linger();
    },
    cut: () => (outbox.isEmpty() && !isShakingHands ? wire.close() : wire.terminate()),
  };
}
