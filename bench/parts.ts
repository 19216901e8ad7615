/** The parts of the benchmark, in the order of docs/benchmarks.md. */
import { measureContestants } from "./compare.ts";
import { measureContent } from "./content.ts";
import { measureLoading } from "./load-speed.ts";
import { measureMemory } from "./memory.ts";
import { measureObservation } from "./observation.ts";
import { measurePublish } from "./publish.ts";
import { measurePulls } from "./pulls.ts";
import { measureReload } from "./reload.ts";
import { measureScale } from "./scale.ts";
import { measureStart } from "./start.ts";
import { measureWorkers } from "./workers.ts";

/** A part's name, which its markers have too, and what measures it. @returns lines of Markdown */
type Part = readonly [name: string, measure: () => Promise<readonly string[]>];

export const PARTS: readonly Part[] = [
  ["contestants", measureContestants],
  ["pulls", measurePulls],
  ["start", measureStart],
  ["loading", measureLoading],
  ["memory", measureMemory],
  ["observation", measureObservation],
  ["reload", measureReload],
  ["scale", measureScale],
  ["workers", measureWorkers],
  ["publish", measurePublish],
  ["content", measureContent],
];
