/** Observes every request: its id, its metrics and its line in the access log. */
import { randomBytes } from "node:crypto";
import { Elysia } from "elysia";
import { type AddressSet, contains } from "../../config/addresses.ts";
import { clientAddress } from "./client-address.ts";
import { methodOf } from "./requests.ts";

/** What the routes tell of a request while they answer it. */
export interface Observed {
  /** Path of its route with placeholders; undefined where no route matches. */
  route: string | undefined;
  /** Code of the v2 error in the answer. */
  code: string | undefined;
  /** The answer itself, where Elysia does not keep it. */
  response: Response | undefined;
  /** Name of the user whose password was verified. */
  user: string | undefined;
  /** Value of Bun.nanoseconds() when the request came. */
  readonly began: number;
  readonly id: string;
  /** Address at the other end of the connection. */
  readonly peer: () => string;
}

/** The part of Elysia's context that handlers use. */
export interface RequestContext {
  readonly request: Request;
  readonly observed: Observed;
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
}

/** One request and its answer. */
export interface Exchange {
  readonly request: Request;
  /** As the client sent it; the request says GET for HEAD. */
  readonly method: string;
  readonly id: string;
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: () => string;
  readonly peer: () => string;
  readonly user: string | undefined;
  /** Path of the route with placeholders; undefined where none matches. */
  readonly route: string | undefined;
  readonly status: number;
  readonly code: string | undefined;
  /** Bytes of the body; undefined for a body of unknown length. */
  readonly size: number | undefined;
  /** Seconds from the request to its answer, without the time that a body takes to be sent. */
  readonly seconds: number;
}

export type Observer = (exchange: Exchange) => void;

export const REQUEST_ID = "X-Request-Id";

/** Safe in a header and in a log, and long enough for a UUID with something around it. */
const SENT_ID = /^[\w.:@+/=-]{1,128}$/;

export interface ObservationOptions {
  readonly observers: readonly Observer[];
  readonly trustedProxies: AddressSet;
  /** Whether answers tell the request's id. */
  readonly sendsIds: boolean;
}

/** Makes ids that no other process makes: they identify requests and need not be secret. */
function createIds(): () => string {
  const process = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${process}-${(count++).toString(16)}`;
}

/** Bytes of a response's body; undefined where only its stream knows. */
function sizeOf(response: Response, method: string): number | undefined {
  if (method === "HEAD" || response.body === null) return 0;
  const length = response.headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/** Observes the requests of the app that uses it: gives each an id, and tells the observers of its answer. */
export function observation({ observers, trustedProxies, sendsIds }: ObservationOptions) {
  const nextId = createIds();
  const idOf = (request: Request, peer: () => string): string => {
    const sent = trustedProxies.blocks.length === 0 ? null : request.headers.get("x-request-id");
    return sent !== null && SENT_ID.test(sent) && contains(trustedProxies, peer()) ? sent : nextId();
  };
  const app = new Elysia({ name: "observation" })
    .decorate("observed", undefined as unknown as Observed)
    .onRequest((context) => {
      const { request, server, set } = context;
      const peer = () => server?.requestIP(request)?.address ?? "";
      const id = idOf(request, peer);
      context.observed = {
        route: undefined,
        code: undefined,
        response: undefined,
        user: undefined,
        began: Bun.nanoseconds(),
        id,
        peer,
      };
      if (sendsIds) set.headers[REQUEST_ID] = id;
    });
  if (observers.length === 0) return app;
  return app.onAfterResponse({ as: "global" }, ({ request, observed, response: returned }) => {
    const { route, code, user, id, peer, began, response = returned } = observed;
    if (!(response instanceof Response)) return;
    const method = methodOf(request);
    const exchange: Exchange = {
      request,
      method,
      id,
      client: () => clientAddress((name) => request.headers.get(name) ?? undefined, peer(), trustedProxies) ?? peer(),
      peer,
      user,
      route,
      status: response.status,
      code,
      size: sizeOf(response, method),
      seconds: (Bun.nanoseconds() - began) / 1e9,
    };
    for (const tell of observers) tell(exchange);
  });
}
