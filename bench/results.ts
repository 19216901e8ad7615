/** bench/results.json: the figures of the last run of each part, so that plots can be drawn again. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

const FILE = join(import.meta.dir, "results.json");

/** Milliseconds, and requests a second. */
const Result = v.object({ perSecond: v.number(), p50: v.number(), p99: v.number(), p999: v.number() });

const Results = v.object({
  redirects: v.optional(v.array(v.object({ name: v.string(), status: v.number(), kept: Result, closing: Result }))),
  references: v.optional(
    v.array(
      v.object({
        references: v.number(),
        files: v.number(),
        megabytes: v.number(),
        /** Null where there is too little to load. */
        megabytesPerSecond: v.nullable(v.number()),
        /** Microseconds of processor time for a request. */
        cost: v.number(),
        ...Result.entries,
      }),
    ),
  ),
});

export type Results = v.InferOutput<typeof Results>;

/** What was kept; figures in another form than today's are as good as none. */
export function readResults(): Results {
  if (!existsSync(FILE)) return {};
  const kept = v.safeParse(Results, JSON.parse(readFileSync(FILE, "utf8")));
  return kept.success ? kept.output : {};
}

/** Keeps figures of a part in place of those that it had. */
export const keepResults = (results: Results): void =>
  writeFileSync(FILE, `${JSON.stringify({ ...readResults(), ...results }, null, 2)}\n`);
