import type { Connection, Waiting } from "./connection.ts";
import type { Limits } from "./limits.ts";

/** A bounded number of connections, where those that wait make room for those that come. */
export interface Crowd {
  readonly size: () => number;
  /** @returns whether a connection is within the bound, beyond it, or one too many even so */
  admit(): "welcome" | "extra" | "too many";
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** A connection keeps more than before; what a second brings may be too much by itself. */
  kept(bytes: number): void;
  /** Called about once a second. */
  onTick(): void;
  readonly all: () => Iterable<Connection>;
}

/** What happened at the bound since it was last told. */
export interface Pressure {
  /** The bound. */
  readonly most: number;
  /** Connections that were ended for others. */
  readonly gaveWay: number;
  /** Connections that came when none could give way. */
  readonly beyond: number;
}

interface CrowdOptions {
  readonly limits: Pick<Limits, "connections" | "bufferedBytes">;
  /** The clock's seconds. */
  readonly now: () => number;
  readonly onPressure: (pressure: Pressure) => void;
}

/** Connections beyond the bound, for one quick answer each. */
export const EXTRA_CONNECTIONS = 32;

const PRESSURE_SECONDS = 60;

/**
 * Seconds for which connections wait before they give way, in the order in which they do: a client that reuses one has
 * to expect its end at any time, one that was opened a moment ago is about to ask, and one that takes nothing of its
 * answer for this long is likely to be gone.
 */
const PATIENCE: ReadonlyMap<Waiting["kind"], number> = new Map([
  ["idle", 0],
  ["request", 2],
  ["taking", 10],
]);

const NO_PATIENCE: typeof PATIENCE = new Map([
  ["request", 0],
  ["taking", 0],
]);

interface Candidate {
  readonly connection: Connection;
  readonly waiting: Waiting;
}

const isSame = (a: Waiting, b: Waiting | undefined): boolean => a.kind === b?.kind && a.since === b.since;

/** The one that waits longest comes last; of those that wait equally long, the one that came first. */
const longestLast = (candidates: readonly Candidate[]): Candidate[] =>
  candidates.toReversed().sort((a, b) => b.waiting.since - a.waiting.since);

/** Keeps the connections of a listener within their bounds. */
export function createCrowd({ limits, now, onPressure }: CrowdOptions): Crowd {
  const most = limits.connections;
  const connections = new Set<Connection>();
  let candidates: Candidate[] = [];
  let lookedInVainAt: number | undefined;
  let gaveWay = 0;
  let beyond = 0;
  let keptSince = 0;
  let toldAt: number | undefined;

  /** Those that have waited long enough, a list for each kind. */
  const look = (patience: typeof PATIENCE): readonly Candidate[][] => {
    const found = new Map([...patience.keys()].map((kind): [Waiting["kind"], Candidate[]] => [kind, []]));
    for (const connection of connections) {
      const waiting = connection.waiting();
      if (waiting === undefined) continue;
      const enough = patience.get(waiting.kind) ?? Number.POSITIVE_INFINITY;
      if (now() - waiting.since >= enough) found.get(waiting.kind)?.push({ connection, waiting });
    }
    return [...found.values()];
  };

  /** Ends the one that waits longest. @returns whether there was one */
  const makeRoom = (): boolean => {
    for (;;) {
      const longest = candidates.pop();
      if (longest === undefined) {
        if (lookedInVainAt === now()) return false;
        // All are looked at for many that come, since looking costs as much as there are.
        const first = look(PATIENCE).find((each) => each.length > 0);
        if (first === undefined) {
          lookedInVainAt = now();
          return false;
        }
        candidates = longestLast(first).slice(-Math.max(256, connections.size >> 4));
        continue;
      }
      const { connection, waiting } = longest;
      if (!connections.has(connection) || !isSame(waiting, connection.waiting())) continue;
      connection.cut();
      gaveWay++;
      return true;
    }
  };

  /** Ends those that have kept something in memory for the longest, until it is little again. */
  const boundHeld = (): void => {
    let held = 0;
    keptSince = 0;
    for (const connection of connections) held += connection.held();
    if (held <= limits.bufferedBytes) return;
    const waiting = look(NO_PATIENCE).flat();
    const holding = longestLast(waiting.filter(({ connection }) => connection.held() > 0));
    while (held > limits.bufferedBytes / 2) {
      const longest = holding.pop();
      if (longest === undefined) return;
      held -= longest.connection.held();
      longest.connection.cut();
      gaveWay++;
    }
  };

  return {
    size: () => connections.size,
    admit() {
      if (connections.size < most || makeRoom()) return "welcome";
      beyond++;
      return connections.size < most + EXTRA_CONNECTIONS ? "extra" : "too many";
    },
    add: (connection) => void connections.add(connection),
    remove: (connection) => void connections.delete(connection),
    kept(bytes) {
      keptSince += bytes;
      if (keptSince > limits.bufferedBytes / 2) boundHeld();
    },
    onTick() {
      for (const connection of connections) connection.onTick();
      boundHeld();
      if (gaveWay + beyond === 0 || (toldAt !== undefined && now() - toldAt < PRESSURE_SECONDS)) return;
      onPressure({ most, gaveWay, beyond });
      toldAt = now();
      gaveWay = 0;
      beyond = 0;
    },
    all: () => connections,
  };
}
