/** Metrics of the process and of what it serves, and how workers put theirs together. */

import * as v from "valibot";
import { version } from "../../package.json" with { type: "json" };
import { OF_THE_MOMENT } from "../app/management/readiness.ts";
import { type Catalog, forEachRepository } from "../core/catalog/catalog.ts";
import type { V2Repository } from "../core/redirect-file/repository.ts";
import {
  AggregatorRegistry,
  Counter,
  collectProcessMetrics,
  Gauge,
  Histogram,
  type MetricsRegistry,
  Registry,
} from "../prometheus.ts";
import type { Snapshot } from "../store/snapshots.ts";
import type { Scan } from "../store/store.ts";

const RELOAD_BUCKETS = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

const secondsOf = (time: Date | undefined): number => (time === undefined ? 0 : time.getTime() / 1000);

/** One process' metrics as prom-client writes them, for other processes. */
const Metrics = v.array(v.looseObject({ name: v.string(), type: v.string(), values: v.array(v.unknown()) }));
export type Metrics = v.InferOutput<typeof Metrics>;

/** Makes the registry of one process. @param worker its number among several workers */
export function createMetrics(worker?: number): MetricsRegistry {
  const registry = new Registry();
  if (worker !== undefined) registry.setDefaultLabels({ worker: String(worker) });
  collectProcessMetrics(registry);
  new Gauge({
    name: "craned_build_info",
    help: "Version of the program and of Bun.",
    labelNames: ["version", "bun"],
    registers: [registry],
  }).set({ version, bun: Bun.version }, 1);
  return registry;
}

/** Adds the metrics of reloads. @returns what counts them */
export function reloadMetrics(registry: MetricsRegistry): (scan: Scan) => void {
  const registers = [registry];
  const reloads = new Counter({
    name: "craned_reloads_total",
    help: "Scans for changed redirect files, by result.",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["changed", "unchanged", "failed"]) reloads.inc({ result }, 0);
  const durations = new Histogram({
    name: "craned_reload_duration_seconds",
    help: "Duration of scans for changed redirect files.",
    buckets: RELOAD_BUCKETS,
    registers,
  });
  const success = new Gauge({
    name: "craned_last_reload_success",
    help: "Whether the last reload succeeded.",
    registers,
  });
  const succeededAt = new Gauge({
    name: "craned_last_reload_timestamp_seconds",
    help: "Time of the last successful reload, in seconds since 1970.",
    registers,
  });
  return ({ seconds, result }) => {
    reloads.inc({ result });
    durations.observe(seconds);
    success.set(Number(result !== "failed"));
    if (result !== "failed") succeededAt.setToCurrentTime();
  };
}

const referenceCount = (repository: V2Repository): number =>
  repository.version === 6 ? repository.tags.length + repository.manifestCount : repository.manifests.references.length;

function countReferences(catalog: Catalog): { readonly v1: number; readonly v2: number } {
  const counts = { v1: 0, v2: 0 };
  forEachRepository(catalog, (repository) => {
    counts[repository.api] += repository.api === "v1" ? repository.tags.size : referenceCount(repository);
  });
  return counts;
}

interface Present {
  readonly snapshot: () => Snapshot;
  readonly isReady: () => boolean;
  readonly pendingRequests: () => number;
}

/** Adds the metrics of the current snapshot, computed at each scrape. */
export function servedMetrics(registry: MetricsRegistry, { snapshot, isReady, pendingRequests }: Present): void {
  const registers = [registry];
  /** References are counted once for each snapshot. */
  let counted: { readonly catalog: Catalog; readonly counts: ReturnType<typeof countReferences> } | undefined;
  const references = () => {
    const { catalog } = snapshot();
    if (counted?.catalog !== catalog) counted = { catalog, counts: countReferences(catalog) };
    return counted.counts;
  };
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  const byApi = (name: string, help: string, value: () => Readonly<Record<"v1" | "v2", number>>) =>
    new Gauge({
      name,
      help,
      labelNames: ["api"],
      registers,
      collect() {
        for (const [api, count] of Object.entries(value())) this.set({ api }, count);
      },
    });
  gauge("craned_ready", "Whether the process is ready, as /readyz says.", () => Number(isReady()));
  gauge("craned_pending_requests", "Requests that wait for their answer.", pendingRequests);
  byApi("craned_repositories", "Repositories that are served.", () => {
    const { v1, v2 } = snapshot().catalog;
    return { v1: v1.names.length, v2: v2.names.length };
  });
  byApi("craned_references", "Tags and manifest digests that are known, and tags of v1.", references);
  gauge("craned_redirect_files", "Redirect files that are good.", () => snapshot().files);
  gauge("craned_redirect_file_faults", "Redirect files and directories with faults.", () => snapshot().faults.size);
  gauge(
    "craned_last_change_timestamp_seconds",
    "Time of the last change of what is served, in seconds since 1970.",
    () => secondsOf(snapshot().loadedAt),
  );
}

export const metricsOf = async (registry: MetricsRegistry): Promise<Metrics> =>
  v.parse(Metrics, await registry.getMetricsAsJSON());
export const isMetrics = (value: unknown): value is Metrics => v.is(Metrics, value);

/** Writes metrics in one of the two formats that Prometheus reads. */
export async function writeMetrics(parts: readonly Metrics[], isOpenMetrics: boolean): Promise<Response> {
  // OpenMetrics names a counter without the suffix of its samples, which prom-client adds.
  const named = isOpenMetrics
    ? parts.map((part) =>
        part.map((each) => (each.type === "counter" ? { ...each, name: each.name.replace(/_total$/, "") } : each)),
      )
    : parts;
  const type = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  // The type of aggregate lacks the parameter that it has.
  const aggregate = AggregatorRegistry.aggregate as (metrics: object[], type: string) => MetricsRegistry;
  const text = await aggregate(
    named.map((part) => [...part]),
    type,
  ).metrics();
  return new Response(text, { headers: { ...OF_THE_MOMENT, "Content-Type": type, Vary: "Accept" } });
}
