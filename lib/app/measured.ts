import type { Service } from "../http/connection.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { codeOf } from "./answer.ts";
import type { Meters } from "./meters.ts";
import { routeTemplate } from "./route-template.ts";
import type { RegistryService } from "./service.ts";
import { parseTarget, type Route } from "./target.ts";

/** Nanoseconds are the cheapest clock that Bun has; the count of them is exact for 104 days. */
const NANOSECONDS = 1e9;

/** The series of one method that were used before, by identity of what the answer brings along. */
type Known = Map<Route, Map<number, Histogram>>;

/**
 * Measures how long each request takes.
 *
 * It costs about a hundredth of what a redirect takes, most of it for looking at the clock twice: what an answer that
 * is ready brings along leads to its series without a look at the path.
 *
 * @param ownPaths what is there beside the APIs
 */
export function withMeters(service: RegistryService, meters: Meters, ownPaths: ReadonlySet<string>): Service {
  const got: Known = new Map();
  const headed: Known = new Map();

  const seriesOf = (known: Known, method: string, route: Route, status: number, target: string): Histogram => {
    const ofRoute = known.get(route) ?? new Map<number, Histogram>();
    const used = ofRoute.get(status);
    if (used !== undefined) return used;
    const series = meters.series(method, routeTemplate(route, target, ownPaths), status);
    // Of what is in no API, the path says more than the route.
    if (route !== "other") known.set(route, ofRoute.set(status, series));
    return series;
  };

  return {
    ...service,
    answerNow(head, peer) {
      const began = Bun.nanoseconds();
      const answer = service.answerNow(head, peer);
      if (answer === undefined) return undefined;
      const { route, status, code } = answer;
      if (code !== undefined) meters.erred(code);
      const known = head.method === "HEAD" ? headed : got;
      const series = seriesOf(known, head.method, route, status, head.target);
      series.observe((Bun.nanoseconds() - began) / NANOSECONDS);
      return answer;
    },
    async answer(head, peer, isExtra) {
      const began = Bun.nanoseconds();
      const response = await service.answer(head, peer, isExtra);
      const code = codeOf(response);
      if (code !== undefined) meters.erred(code);
      const route = routeTemplate(parseTarget(head.target).route, head.target, ownPaths);
      const series = meters.series(head.method, route, response.status);
      series.observe((Bun.nanoseconds() - began) / NANOSECONDS);
      return response;
    },
    refuse(fault, peer) {
      meters.refused(fault.status);
      return service.refuse(fault, peer);
    },
  };
}
