import { counter, type Family } from "../metrics/family.ts";
import { createHistogram, type Histogram, histogram } from "../metrics/histogram.ts";
import { OTHER } from "./route-template.ts";

/** Seconds. A redirect takes some millionths; what is read from a disk or asked of another server, as long as that. */
const BOUNDS = [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The methods of HTTP; whatever else a stranger sends is one other. @see RFC 9110 section 9, RFC 5789 */
const METHODS: ReadonlySet<string> = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" "));

const REDIRECTS: ReadonlyMap<string, { readonly api: string; readonly kind: string }> = new Map([
  ["/v2/{name}/manifests/{reference}", { api: "v2", kind: "manifest" }],
  ["/v2/{name}/blobs/{digest}", { api: "v2", kind: "blob" }],
  ["/v2/{name}/tags/list", { api: "v2", kind: "tags" }],
  ["/v1/images/{id}/{file}", { api: "v1", kind: "image" }],
]);

/** Requests of one method for one route that were answered with one status. */
interface Series {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durations: Histogram;
}

/** What is counted of answers. */
export interface Meters {
  /** The series of a request; the number of different ones is bounded by the program, not by what is sent. */
  readonly series: (method: string, route: string, status: number) => Histogram;
  /** Counts a v2 error by the code of its body. */
  readonly erred: (code: string) => void;
  /** Counts a request that could not be read. */
  readonly refused: (status: number) => void;
  readonly families: () => readonly Family[];
}

/** Counts under a key. */
const createTally = <Key>() => {
  const counts = new Map<Key, number>();
  return { counts, add: (key: Key, by = 1) => void counts.set(key, (counts.get(key) ?? 0) + by) };
};

/** Redirects are counted by what they lead to out of the series, so that no request counts twice. */
function redirectsOf(all: Iterable<Series>): Family {
  const redirects = createTally<string>();
  for (const route of REDIRECTS.keys()) redirects.add(route, 0);
  for (const { route, status, durations } of all) {
    if (status === 302 && REDIRECTS.has(route)) redirects.add(route, durations.count());
  }
  return counter(
    "craned_redirects",
    "Clients that were sent to where the content is, by what they asked for.",
    [...redirects.counts].map(([route, value]) => [{ ...REDIRECTS.get(route) }, value]),
  );
}

/** Makes meters that stand at nothing. */
export function createMeters(): Meters {
  const all = new Map<string, Series>();
  const errors = createTally<string>();
  const refusals = createTally<number>();
  for (const code of ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "UNAUTHORIZED"]) errors.add(code, 0);
  for (const status of [400, 414, 431]) refusals.add(status, 0);
  return {
    series(method, route, status) {
      const known = METHODS.has(method) ? method : OTHER;
      const key = `${known} ${status} ${route}`;
      const series = all.get(key) ?? { method: known, route, status, durations: createHistogram(BOUNDS) };
      all.set(key, series);
      return series.durations;
    },
    erred: (code) => errors.add(code),
    refused: (status) => refusals.add(status),
    families: () => [
      histogram(
        "http_server_request_duration_seconds",
        "Time from a request's whole head to its answer, without the time that a file takes to be sent.",
        [...all.values()].map(({ method, route, status, durations }) => [
          { http_request_method: method, http_route: route, http_response_status_code: String(status) },
          durations,
        ]),
      ),
      redirectsOf(all.values()),
      counter(
        "craned_registry_errors",
        "Errors that v2 clients were answered, by their code.",
        [...errors.counts].map(([code, value]) => [{ code }, value]),
      ),
      counter(
        "craned_refused_requests",
        "Requests that HTTP itself can't make sense of, by the status that they were answered.",
        [...refusals.counts].map(([status, value]) => [{ http_response_status_code: String(status) }, value]),
      ),
    ],
  };
}
