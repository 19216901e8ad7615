import type { HeadLimits } from "./fields.ts";

/** Seconds, counted by the listener's clock; each is kept to within one. */
export interface Timeouts {
  /** From the first byte of a head to its last, and for the handshake of TLS. */
  readonly head: number;
  /** Without a request. */
  readonly idle: number;
  /** Without a byte that the client takes. */
  readonly stall: number;
  /** From our last byte to the client's own end. */
  readonly linger: number;
}

/** What one client may take, and how many there may be. */
export interface Limits {
  readonly head: HeadLimits;
  readonly timeouts: Timeouts;
  /** At once; beyond it those that wait for their client give way. */
  readonly connections: number;
  /** Of requests that are not whole and answers that are not taken, by all connections together. */
  readonly bufferedBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  // A proxy hands on an entitlement certificate in a header: with hundreds of paths in it, that takes tens of KiB.
  head: { requestLine: 8_192, fields: 131_072, fieldCount: 100 },
  timeouts: { head: 15, idle: 75, stall: 60, linger: 2 },
  connections: Number.POSITIVE_INFINITY,
  bufferedBytes: 256 * 1024 * 1024,
};
