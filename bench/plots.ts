/** The plots of docs/benchmarks.md, drawn from bench/results.json; `bun bench/plots.ts` draws them again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Results, readResults } from "./results.ts";
import {
  decadesOf,
  dot,
  legend,
  linear,
  logarithmic,
  path,
  picture,
  rectangle,
  TOP,
  text,
  ticksTo,
  WIDTH,
} from "./svg.ts";
import { whole } from "./table.ts";

const DIRECTORY = join(import.meta.dir, "../docs/plots");

type Redirects = NonNullable<Results["redirects"]>;
type References = NonNullable<Results["references"]>;

const LEFT = 20;
const RIGHT = WIDTH - 20;
/** Where bars begin, to the right of their names. */
const BARS = 290;
const VALUE_WIDTH = 70;
const isOurs = (name: string): boolean => name === "craned";

function throughput(contestants: Redirects): string {
  const most = Math.max(...contestants.map(({ kept }) => kept.perSecond));
  const place = linear(0, most, 0, RIGHT - VALUE_WIDTH - BARS);
  const ROW = 44;
  const marks = legend(LEFT, TOP + 8, [
    ["ours", "connections kept"],
    ["ours-light", "a new connection each"],
  ]);
  const rows = contestants.map(({ name, status, kept, closing }, number) => {
    const y = TOP + 26 + number * ROW;
    const colour = isOurs(name) ? "ours" : "theirs";
    const bar = (value: number, offset: number, className: string): string =>
      rectangle(BARS, y + offset, place(value), 15, className) +
      text(BARS + place(value) + 6, y + offset + 12, whole(value), { className: "small" });
    return (
      text(LEFT, y + 14, name) +
      text(LEFT, y + 30, `answers ${status}`, { className: "small quiet" }) +
      bar(kept.perSecond, 0, colour) +
      bar(closing.perSecond, 17, `${colour}-light`)
    );
  });
  const height = TOP + 34 + contestants.length * ROW;
  return picture("Manifests by tag, answers a second of one core", height, marks + rows.join(""));
}

const milliseconds = (value: number): string => (value < 1 ? String(value) : whole(value));

function latency(contestants: Redirects): string {
  const decades = decadesOf(contestants.flatMap(({ kept }) => [kept.p50, kept.p999]));
  const place = logarithmic(decades.at(0) ?? 1, decades.at(-1) ?? 1, BARS, RIGHT - 20);
  const ROW = 30;
  const first = TOP + 36;
  const bottom = first + contestants.length * ROW - 10;
  const marks = legend(LEFT, TOP + 8, [
    ["theirs-light", "p50"],
    ["theirs", "p99"],
    ["other", "p999"],
  ]);
  const grid = decades.map(
    (value) =>
      path(
        [
          [place(value), first - 14],
          [place(value), bottom],
        ],
        "line",
      ) + text(place(value), bottom + 16, `${milliseconds(value)} ms`, { anchor: "middle", className: "small quiet" }),
  );
  const rows = contestants.map(({ name, kept }, number) => {
    const y = first + number * ROW;
    const colour = isOurs(name) ? "ours" : "theirs";
    const ends: readonly (readonly [number, number])[] = [
      [place(kept.p50), y],
      [place(kept.p999), y],
    ];
    return (
      text(LEFT, y + 5, name) +
      path(ends, `${colour}-stroke`) +
      dot(place(kept.p50), y, `${colour}-light`, 5) +
      dot(place(kept.p99), y, colour, 5) +
      dot(place(kept.p999), y, "other", 5)
    );
  });
  return picture("Latency under full load, 32 connections", bottom + 30, marks + grid.join("") + rows.join(""));
}

/** One file of everything, and files of ten references each. */
const SERIES = [
  { label: "in one file", stroke: "ours-stroke", fill: "ours", has: (files: number) => files === 1 },
  { label: "in files of ten", stroke: "other-stroke", fill: "other", has: (files: number) => files > 10 },
] as const;

type Reading = (row: References[number]) => number;

/** One panel: a figure by the number of references. */
function panel(
  rows: References,
  { left, width, label, read }: { left: number; width: number; label: string; read: Reading },
): string {
  const [top, bottom] = [TOP + 46, TOP + 226];
  const ticks = ticksTo(Math.max(...rows.map(read)));
  const decades = decadesOf(rows.map(({ references }) => references));
  const x = logarithmic(decades.at(0) ?? 1, decades.at(-1) ?? 1, left + 56, left + width - 30);
  const y = linear(0, ticks.at(-1) ?? 1, bottom, top);
  const grid = ticks.map(
    (value) =>
      path(
        [
          [left + 56, y(value)],
          [left + width - 30, y(value)],
        ],
        "line",
      ) +
      text(left + 50, y(value) + 4, value < 10 ? String(Math.round(value * 10) / 10) : whole(value), {
        anchor: "end",
        className: "small quiet",
      }),
  );
  const names = decades
    .filter((_, number) => number % 2 === 0)
    .map((value) => text(x(value), bottom + 18, whole(value), { anchor: "middle", className: "small quiet" }));
  const lines = SERIES.map(({ stroke, fill, has }) => {
    const points = rows.filter(({ files }) => has(files)).map((row) => [x(row.references), y(read(row))] as const);
    return path(points, stroke) + points.map(([px, py]) => dot(px, py, fill)).join("");
  });
  return text(left, top - 16, label, { className: "small" }) + grid.join("") + names.join("") + lines.join("");
}

function references(rows: References): string {
  const marks = legend(
    LEFT,
    TOP + 8,
    SERIES.map(({ fill, label }) => [fill, label] as const),
  );
  const half = (RIGHT - LEFT) / 2;
  const cost = panel(rows, {
    left: LEFT,
    width: half,
    label: "microseconds of processor time a request",
    read: (row) => row.cost,
  });
  const slow = panel(rows, { left: LEFT + half + 10, width: half - 10, label: "p99, ms", read: (row) => row.p99 });
  return picture("What a request costs, by the number of references", TOP + 262, marks + cost + slow);
}

const GOAL = 50;

function loading(rows: References): string {
  const loaded = rows.flatMap((row) =>
    row.megabytesPerSecond === null ? [] : [{ ...row, speed: row.megabytesPerSecond }],
  );
  const place = linear(0, Math.max(GOAL, ...loaded.map(({ speed }) => speed)), 0, RIGHT - VALUE_WIDTH - BARS);
  const ROW = 32;
  const bars = loaded.map((row, number) => {
    const y = TOP + 14 + number * ROW;
    const files = row.files === 1 ? "one file" : `${whole(row.files)} files`;
    return (
      text(LEFT, y + 15, `${whole(row.references)} references in ${files}`) +
      rectangle(BARS, y, place(row.speed), 20, "ours") +
      text(BARS + place(row.speed) + 6, y + 15, `${row.speed.toFixed(0)} MB/s`, { className: "small" })
    );
  });
  const bottom = TOP + 10 + loaded.length * ROW;
  const goal =
    path(
      [
        [BARS + place(GOAL), TOP + 4],
        [BARS + place(GOAL), bottom],
      ],
      "goal",
    ) + text(BARS + place(GOAL), bottom + 16, `goal: ${GOAL} MB/s`, { anchor: "middle", className: "small goal-text" });
  return picture("Redirect files loaded at the start, MB of JSON a second", bottom + 30, bars.join("") + goal);
}

/** What there are figures for, by the name of its file. */
export function plotsOf({ redirects, references: rows }: Results): ReadonlyMap<string, string> {
  const plots = new Map<string, string>();
  if (redirects !== undefined)
    plots.set("throughput.svg", throughput(redirects)).set("latency.svg", latency(redirects));
  if (rows !== undefined) plots.set("references.svg", references(rows)).set("load.svg", loading(rows));
  return plots;
}

export function drawPlots(): void {
  mkdirSync(DIRECTORY, { recursive: true });
  for (const [name, svg] of plotsOf(readResults())) writeFileSync(join(DIRECTORY, name), svg);
}

if (import.meta.main) drawPlots();
