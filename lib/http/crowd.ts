import type { Connection, Waiting } from "./connection.ts";
import type { Limits } from "./limits.ts";

/** A bounded number of connections, where those that wait make room for those that come. */
export interface Crowd {
  readonly size: () => number;
  /** @returns whether a connection is within the bound, beyond it, or one too many even so */
  admit(): "welcome" | "extra" | "too many";
  add(connection: Connection): void;
  remove(connection: Connection): void;
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

/** In the order in which they give way. A client that reuses a connection has to expect its end at any time. */
const ORDER: readonly Waiting["kind"][] = ["idle", "request", "taking"];

/** Seconds for which a client may take nothing of its answer and is still thought to be there. */
const TAKING_SECONDS = 10;

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
  let toldAt: number | undefined;

  /** Those that wait, a list for each kind. @param stalled seconds for which a client has taken nothing at least */
  const look = (kinds: readonly Waiting["kind"][], stalled: number): readonly Candidate[][] => {
    const found = kinds.map((): Candidate[] => []);
    for (const connection of connections) {
      const waiting = connection.waiting();
      if (waiting === undefined || (waiting.kind === "taking" && now() - waiting.since < stalled)) continue;
      found[kinds.indexOf(waiting.kind)]?.push({ connection, waiting });
    }
    return found;
  };

  /** Ends the one that waits longest. @returns whether there was one */
  const makeRoom = (): boolean => {
    for (;;) {
      const longest = candidates.pop();
      if (longest === undefined) {
        if (lookedInVainAt === now()) return false;
        // All are looked at for many that come, since looking costs as much as there are.
        const first = look(ORDER, TAKING_SECONDS).find((each) => each.length > 0);
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
    for (const connection of connections) held += connection.held();
    if (held <= limits.bufferedBytes) return;
    const waiting = look(["request", "taking"], 0).flat();
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
