/**
 * The parts of prom-client that craned uses. Its index loads a push gateway with HTTP, TLS and zlib, and OpenTelemetry,
 * which takes a third of the time that craned needs to start.
 */
import type * as client from "prom-client";
import AggregatorRegistryModule from "prom-client/lib/cluster.js";
import CounterModule from "prom-client/lib/counter.js";
import GaugeModule from "prom-client/lib/gauge.js";
import HistogramModule from "prom-client/lib/histogram.js";
import eventLoopLag from "prom-client/lib/metrics/eventLoopLag.js";
import memory from "prom-client/lib/metrics/osMemoryHeap.js";
import maxFileDescriptors from "prom-client/lib/metrics/processMaxFileDescriptors.js";
import openFileDescriptors from "prom-client/lib/metrics/processOpenFileDescriptors.js";
import RegistryModule from "prom-client/lib/registry.js";

export type { Metric, Registry as MetricsRegistry } from "prom-client";

export const AggregatorRegistry = AggregatorRegistryModule as typeof client.AggregatorRegistry;
export const Counter = CounterModule as typeof client.Counter;
export const Gauge = GaugeModule as typeof client.Gauge;
export const Histogram = HistogramModule as typeof client.Histogram;
export const Registry = RegistryModule as typeof client.Registry;

type Collector = (registry: client.Registry) => void;

/** Adds the metrics of the process that every client of Prometheus has. */
export function collectProcessMetrics(registry: client.Registry): void {
  for (const add of [eventLoopLag, memory, maxFileDescriptors, openFileDescriptors]) (add as Collector)(registry);
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
    registers,
  }).set(Date.now() / 1000 - process.uptime());
}
