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
  /** Ends both sides; what was written is still delivered, by the kernel alone. */
  close(): void;
  /** Ends both sides at once; what was written may be lost. */
  terminate(): void;
}
