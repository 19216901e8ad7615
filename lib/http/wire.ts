/** Seconds, counted by the listener's clock; each is kept to within one. */
export interface Timeouts {
  /** From the first byte of a head to its last. */
  readonly head: number;
  /** Without a request. */
  readonly idle: number;
  /** Without a byte that the client takes. */
  readonly stall: number;
  /** From our last byte to the client's own end. */
  readonly linger: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { head: 15, idle: 75, stall: 60, linger: 2 };

/** The listener's clock, moved once a second: reading the real one for each request would cost more than it tells. */
export interface Clock {
  readonly seconds: number;
  /** A Date header line with its CRLF. */
  readonly dateLine: string;
}

/** What a connection needs of its socket; bytes written may be fewer than given, or -1 when it is closed. */
export interface Wire {
  readonly peer: string;
  write(data: Uint8Array | string): number;
  pause(): void;
  resume(): void;
  /** Ends our side; what was written is still delivered. */
  endWriting(): void;
  terminate(): void;
}
