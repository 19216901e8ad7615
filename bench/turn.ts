/** A contestant's turn: start it, ask it for everything that it can do, end it. */
import { join } from "node:path";
import type { Contestant, Field } from "./contestants/contestant.ts";
import type { KindRequest, Requests } from "./kinds.ts";
import { type Load, load } from "./load.ts";
import { residentBytes, startServer } from "./process.ts";
import { checkAnswers, unexpectedOf } from "./verdict.ts";

const CONNECTIONS = 32;

/** Manifests over kept connections and over new ones, and other requests over kept ones. */
export const MEASURES = ["kept", "closing", "blob", "tags", "missing", "mixed"] as const;

export type Measure = (typeof MEASURES)[number];

/** A contestant's turn. */
export interface Turn {
  /** Milliseconds. */
  readonly start: number;
  /** Bytes, after the load. */
  readonly resident: number;
  readonly unexpected: number;
  readonly loads: Readonly<Partial<Record<Measure, Load>>>;
}

export const requestsFor = (requests: Requests, measure: Measure): readonly KindRequest[] =>
  requests[measure === "kept" || measure === "closing" ? "manifest" : measure];

export async function takeTurn(
  contestant: Contestant,
  field: Field,
  requests: Requests,
  measures: readonly Measure[],
): Promise<Turn> {
  const server = await startServer(contestant.prepare(field), field.port);
  const loads: Partial<Record<Measure, Load>> = {};
  let unexpected = 0;
  try {
    for (const measure of measures) {
      const wanted = requestsFor(requests, measure);
      if (!wanted.every(({ kind }) => kind in contestant.answers)) continue;
      await checkAnswers(field.port, contestant, wanted);
      const file = join(field.scratch, `${measure}.requests`);
      const options = { connections: CONNECTIONS, isClosing: measure === "closing" };
      if (measure === "kept") await load(field.port, server, file, { ...options, seconds: 1 });
      const seconds = measure === "kept" ? 3 : measure === "closing" ? 2 : 1;
      const result = await load(field.port, server, file, { ...options, seconds });
      unexpected += unexpectedOf(result, contestant, wanted, CONNECTIONS);
      loads[measure] = result;
    }
    return { start: server.start, resident: residentBytes(server.pid), unexpected, loads };
  } finally {
    await server.stop();
  }
}
