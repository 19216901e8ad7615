import type { Log } from "../log.ts";
import type { Snapshot } from "./ledger.ts";

/** Redirect files, kept up to date. */
export interface Store {
  /** All redirect files as they are; hold it for as long as one request lasts. */
  snapshot(): Snapshot;
  /** Looks at every file now; resolves when a look that began after the call is done. */
  reload(): Promise<void>;
  /** Ends all watches and timers, and whatever is under way. */
  close(): void;
}

/** One look for what has changed. */
export interface Look {
  /** How long it took. */
  readonly seconds: number;
  /** Failed, when nobody could look: what was there before is served. A file in error is a change like any other. */
  readonly result: "changed" | "unchanged" | "failed";
}

/** How a store follows its files. */
export interface Watching {
  /** Seconds between two looks at every file, where nobody tells of changes. */
  readonly pollingInterval: number;
  readonly log: Log;
  /** Whether to ask the file system to tell of changes; true unless said otherwise. */
  readonly watch?: boolean;
  /** Told of each new snapshot. */
  readonly onChange?: (snapshot: Snapshot) => void;
  /** Told of each look when it is over. */
  readonly onLook?: (look: Look) => void;
}
