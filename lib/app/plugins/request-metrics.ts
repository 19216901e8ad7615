/** Metrics of requests. */
import { Counter, type Metric, type MetricsRegistry } from "../../prometheus.ts";
import { type Exchange, type Observer, templateOf } from "./observation.ts";

/** Seconds. A redirect takes some microseconds; a file or another server's answer, much longer. */
const BUCKETS = [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Value of a label for everything that is not listed. @see OpenTelemetry, semantic conventions for HTTP */
const OTHER = "_OTHER";

/** @see RFC 9110 section 9, RFC 5789 */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

const REDIRECTS = [
  { route: "/v2/:name/manifests/:reference", labels: { api: "v2", kind: "manifest" } },
  { route: "/v2/:name/blobs/:digest", labels: { api: "v2", kind: "blob" } },
  { route: "/v2/:name/tags/list", labels: { api: "v2", kind: "tags" } },
  { route: "/v1/images/:id/:file", labels: { api: "v1", kind: "image" } },
] as const;

/** Requests that were answered alike. */
interface Series extends Pick<Exchange, "method" | "status"> {
  readonly labels: Readonly<Record<string, string>>;
  /** Requests by bucket; the last is for those above all. */
  readonly counts: number[];
  /** Sum of the durations. */
  seconds: number;
}

/**
 * Adds the histogram of durations. prom-client's own joins and looks up the labels of each request, which takes as long
 * as deciding a redirect; this one has found the series before, and leaves the writing to prom-client.
 *
 * @returns what counts a request, and how many redirects a route has answered
 */
function requestDurations(registry: MetricsRegistry) {
  const name = "http_server_request_duration_seconds";
  const byRoute = new Map<string | undefined, Series[]>();
  const seriesOf = ({ route, status, method: sent }: Exchange): Series => {
    const method = METHODS.includes(sent) ? sent : OTHER;
    const ofRoute = byRoute.get(route);
    const known = ofRoute?.find((each) => each.status === status && each.method === method);
    if (known !== undefined) return known;
    const labels = {
      http_request_method: method,
      http_route: route === undefined ? OTHER : templateOf(route),
      http_response_status_code: String(status),
    };
    const counts = new Array<number>(BUCKETS.length + 1).fill(0);
    const added = { method, status, labels, counts, seconds: 0 };
    byRoute.set(route, [...(ofRoute ?? []), added]);
    return added;
  };
  const valuesOf = ({ labels, counts, seconds }: Series) => {
    let count = 0;
    const buckets = counts.map((inBucket, at) => {
      count += inBucket;
      return { metricName: `${name}_bucket`, labels: { le: BUCKETS[at] ?? "+Inf", ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: seconds },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
  const about = {
    name,
    help: "Time from a request to its answer, without the time that a file takes to be sent.",
    type: "histogram",
    aggregator: "sum",
  };
  const metric = { ...about, get: async () => ({ ...about, values: [...byRoute.values()].flat().flatMap(valuesOf) }) };
  // The types know only prom-client's own metrics; its registry asks for no more than this.
  registry.registerMetric(metric as unknown as Metric);

  return {
    count(exchange: Exchange): void {
      const series = seriesOf(exchange);
      const { seconds } = exchange;
      const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
      const at = bucket === -1 ? BUCKETS.length : bucket;
      series.counts[at] = (series.counts[at] ?? 0) + 1;
      series.seconds += seconds;
    },
    redirectsOf: (route: string): number =>
      (byRoute.get(route) ?? [])
        .flatMap(({ status, counts }) => (status === 302 ? counts : []))
        .reduce((sum, count) => sum + count, 0),
  };
}

/** Adds the metrics of requests to a registry. @returns what counts them */
export function requestMetrics(registry: MetricsRegistry): Observer {
  const registers = [registry];
  const { count, redirectsOf } = requestDurations(registry);
  new Counter({
    name: "craned_redirects_total",
    help: "Redirects issued, by API and kind.",
    labelNames: ["api", "kind"],
    registers,
    collect() {
      this.reset();
      for (const { route, labels } of REDIRECTS) this.inc(labels, redirectsOf(route));
    },
  });
  const errors = new Counter({
    name: "craned_registry_errors_total",
    help: "Errors answered to v2 clients, by code.",
    labelNames: ["code"],
    registers,
  });
  for (const code of ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "UNAUTHORIZED"]) errors.inc({ code }, 0);

  return (exchange) => {
    count(exchange);
    if (exchange.code !== undefined) errors.inc({ code: exchange.code });
  };
}
