import type { Wire } from "./wire.ts";

/** What the socket does not take yet, kept in order until it does. */
export interface Outbox {
  readonly isEmpty: () => boolean;
  readonly bytes: () => number;
  /** Whether anybody may still take something. */
  readonly isOpen: () => boolean;
  /** When the client took the last byte, or was first given what it has not taken, in the clock's seconds. */
  readonly since: () => number;
  /** Reading stops as long as the client does not take what it asked for. */
  send(data: Uint8Array | string): void;
  /** Resolves when all is sent, or never will be. */
  sent(): Promise<void>;
  /** The socket takes bytes again. @returns whether all is sent */
  drain(): boolean;
  /** The socket is closed. */
  drop(): void;
}

/** @param now in the clock's seconds */
export function createOutbox(wire: Wire, now: () => number): Outbox {
  let unsent: Uint8Array[] = [];
  let since = 0;
  let isOpen = true;
  let onSent: (() => void) | undefined;

  const tellSent = (): void => {
    onSent?.();
    onSent = undefined;
  };

  return {
    isEmpty: () => unsent.length === 0,
    bytes: () => unsent.reduce((sum, each) => sum + each.length, 0),
    isOpen: () => isOpen,
    since: () => since,
    send(data) {
      if (!isOpen || data.length === 0) return;
      const written = unsent.length === 0 ? wire.write(data) : 0;
      if (written === data.length) return;
      if (written < 0) {
        // A socket that is paused when it breaks never says that it is closed.
        wire.terminate();
        return;
      }
      const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
      // The client owes us from now on: a long body may have gone out without a drain so far.
      if (unsent.length === 0) since = now();
      unsent.push(bytes.subarray(written));
      wire.pause();
    },
    sent: () =>
      unsent.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            onSent = resolve;
          }),
    drain() {
      since = now();
      while (unsent[0] !== undefined) {
        const written = wire.write(unsent[0]);
        if (written < 0) {
          wire.terminate();
          return false;
        }
        if (written < unsent[0].length) {
          unsent[0] = unsent[0].subarray(written);
          return false;
        }
        unsent.shift();
      }
      tellSent();
      return true;
    },
    drop() {
      isOpen = false;
      unsent = [];
      tellSent();
    },
  };
}
