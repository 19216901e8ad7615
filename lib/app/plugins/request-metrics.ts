/** Metrics of requests. */
import { Counter, Histogram, type MetricsRegistry } from "../../prometheus.ts";
import { type Observer, templateOf } from "./observation.ts";

/** Seconds. A redirect takes some microseconds; a file or another server's answer, much longer. */
const BUCKETS = [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Value of a label for everything that is not listed. @see OpenTelemetry, semantic conventions for HTTP */
const OTHER = "_OTHER";

/** @see RFC 9110 section 9, RFC 5789 */
const METHODS: ReadonlySet<string> = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" "));

const REDIRECTS: ReadonlyMap<string, { readonly api: string; readonly kind: string }> = new Map([
  ["/v2/:name/manifests/:reference", { api: "v2", kind: "manifest" }],
  ["/v2/:name/blobs/:digest", { api: "v2", kind: "blob" }],
  ["/v2/:name/tags/list", { api: "v2", kind: "tags" }],
  ["/v1/images/:id/:file", { api: "v1", kind: "image" }],
]);

/** Adds the metrics of requests to a registry. @returns what counts them */
export function requestMetrics(registry: MetricsRegistry): Observer {
  const registers = [registry];
  const durations = new Histogram({
    name: "http_server_request_duration_seconds",
    help: "Time from a request to its answer, without the time that a file takes to be sent.",
    labelNames: ["http_request_method", "http_route", "http_response_status_code"],
    buckets: BUCKETS,
    registers,
  });
  const redirects = new Counter({
    name: "craned_redirects_total",
    help: "Redirects issued, by API and kind.",
    labelNames: ["api", "kind"],
    registers,
  });
  for (const labels of REDIRECTS.values()) redirects.inc(labels, 0);
  const errors = new Counter({
    name: "craned_registry_errors_total",
    help: "Errors answered to v2 clients, by code.",
    labelNames: ["code"],
    registers,
  });
  for (const code of ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "UNAUTHORIZED"]) errors.inc({ code }, 0);

  return ({ method, route, status, code, seconds }) => {
    durations.observe(
      {
        http_request_method: METHODS.has(method) ? method : OTHER,
        http_route: route === undefined ? OTHER : templateOf(route),
        http_response_status_code: String(status),
      },
      seconds,
    );
    const redirect = status === 302 && route !== undefined ? REDIRECTS.get(route) : undefined;
    if (redirect !== undefined) redirects.inc(redirect);
    if (code !== undefined) errors.inc({ code });
  };
}
