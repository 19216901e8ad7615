/** The tables of the comparison: each contestant's medians, and craned's beside them. */
import type { Contestant } from "./contestants/contestant.ts";
import type { Load } from "./load.ts";
import type { Results } from "./results.ts";
import { median } from "./rounds.ts";
import { megabytes, percent, ratio, table, time, whole } from "./table.ts";
import type { Measure, Turn } from "./turn.ts";

type Turns = ReadonlyMap<Contestant, readonly Turn[]>;
type Pick = (load: Load) => number;

const perSecond: Pick = (load) => load.perSecond;

/** The median of what the turns measured, or undefined if none did. */
function of(turns: readonly Turn[], measure: Measure, pick: Pick): number | undefined {
  const values = turns.flatMap(({ loads }) => loads[measure] ?? []).map(pick);
  return values.length === 0 ? undefined : median(values);
}

const resultOf = (turns: readonly Turn[], measure: Measure) => {
  const figure = (pick: Pick): number => of(turns, measure, pick) ?? Number.NaN;
  return {
    perSecond: figure(perSecond),
    p50: figure(({ p50 }) => p50),
    p99: figure(({ p99 }) => p99),
    p999: figure(({ p999 }) => p999),
  };
};

const LATENCIES = ["p50 ms", "p99 ms", "p999 ms"] as const;
const latencies = ({ p50, p99, p999 }: ReturnType<typeof resultOf>): readonly string[] => [p50, p99, p999].map(time);

function keptTable(turns: Turns, ours: number): readonly string[] {
  const rows = [...turns].map(([{ name, answers }, list]) => {
    const result = resultOf(list, "kept");
    const busy = (pick: Pick) => percent(of(list, "kept", pick) ?? Number.NaN);
    return [
      name,
      String(answers.manifest),
      whole(result.perSecond),
      ratio(ours / result.perSecond),
      (of(list, "kept", ({ cost }) => cost) ?? Number.NaN).toFixed(1),
      ...latencies(result),
      megabytes(median(list.map(({ resident }) => resident))),
      whole(median(list.map(({ start }) => start))),
      whole(list.reduce((sum, { unexpected }) => sum + unexpected, 0)),
      `${busy(({ serverBusy }) => serverBusy)}, ${busy(({ loadBusy }) => loadBusy)}`,
    ];
  });
  const measured = [
    "requests/s",
    "craned ÷ it",
    "µs of processor",
    ...LATENCIES,
    "RSS MB",
    "start ms",
    "errors",
    "busy: server, load",
  ];
  return table(["manifests by tag, connections kept", "answer", ...measured], rows);
}

function closingTable(turns: Turns, ours: number): readonly string[] {
  const rows = [...turns].map(([{ name }, list]) => {
    const result = resultOf(list, "closing");
    return [name, whole(result.perSecond), ratio(ours / result.perSecond), ...latencies(result)];
  });
  return table(["manifests by tag, a connection each", "requests/s", "craned ÷ it", ...LATENCIES], rows);
}

const OTHERS = ["blob", "tags", "missing", "mixed"] as const;

function othersTable(turns: Turns, ours: (measure: Measure) => number): readonly string[] {
  const rows = [...turns].map(([{ name, answers }, list]) => [
    name,
    ...OTHERS.map((measure) => {
      const rate = of(list, measure, perSecond);
      if (rate === undefined) return "–";
      const status = measure === "mixed" ? "" : `${answers[measure]}: `;
      return `${status}${whole(rate)} (${ratio(ours(measure) / rate)})`;
    }),
  ]);
  return table(["requests/s (craned ÷ it)", "blobs", "lists of tags", "missing tags", "a mix"], rows);
}

/** @returns lines of Markdown, and the figures for the plots */
export function sideBySide(turns: Turns): {
  readonly lines: readonly string[];
  readonly results: NonNullable<Results["redirects"]>;
} {
  const [first = []] = turns.values();
  const ours = (measure: Measure): number => of(first, measure, perSecond) ?? Number.NaN;
  const tables = [keptTable(turns, ours("kept")), closingTable(turns, ours("closing")), othersTable(turns, ours)];
  return {
    lines: tables.flatMap((lines, number) => (number === 0 ? lines : ["", ...lines])),
    results: [...turns].map(([{ name, answers }, list]) => ({
      name,
      status: answers.manifest ?? 0,
      kept: resultOf(list, "kept"),
      closing: resultOf(list, "closing"),
    })),
  };
}
