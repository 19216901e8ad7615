/** Observes every request: its id, its metrics and its line in the access log. */
import { randomBytes } from "node:crypto";
import { type AnyElysia, Elysia } from "elysia";
import { type AddressSet, contains } from "../../config/addresses.ts";
import type { ResponseForm } from "../answer.ts";
import { hookAtOnce } from "../at-once.ts";
import type { View } from "../view.ts";
import { clientAddress } from "./client-address.ts";
import { methodOf } from "./requests.ts";

/** Facts about a request before it is answered. */
export interface Observed {
  /** Value of Bun.nanoseconds() when the request came. */
  readonly began: number;
  readonly id: () => string;
  /** Address at the other end of the connection. */
  readonly peer: () => string;
}

/** A response, with facts about it for observers. */
export interface Delivered {
  readonly response: Response;
  /** Path of the route with placeholders; Elysia knows it for routes outside of the table. */
  readonly route?: string | undefined;
  /** Code of the v2 error in the answer. */
  readonly code?: string | undefined;
  /** Bytes of the body, where the headers do not tell. */
  readonly size?: number | undefined;
  /** Name of the user whose password was verified. */
  readonly user?: string | undefined;
  /** Present where the same request gets the same answer as long as this is the view. */
  readonly repeatable?: { readonly view: View; readonly form: ResponseForm } | undefined;
}

export const isDelivered = (value: unknown): value is Delivered =>
  typeof value === "object" && value !== null && "response" in value && value.response instanceof Response;

/** The part of Elysia's context that handlers use. */
export interface RequestContext {
  readonly request: Request;
  readonly observed: Observed;
  /** As the client sent it, without the query. */
  readonly path: string;
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
}

/** One request and its answer. */
export interface Exchange extends Pick<Delivered, "route" | "code" | "user"> {
  readonly request: Request;
  /** As the client sent it; the request says GET for HEAD. */
  readonly method: string;
  readonly id: () => string;
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: () => string;
  readonly peer: () => string;
  readonly status: number;
  /** Bytes of the body; undefined for a body of unknown length. */
  readonly size: number | undefined;
  /** Seconds from the request to its answer, without the time that a body takes to be sent. */
  readonly seconds: number;
}

export type Observer = (exchange: Exchange) => void;

/** Templates of the routes that were asked for. */
const templates = new Map<string, string>();

/** Writes the path of a route as OpenAPI does: `/v2/{name}/tags/list`. */
export function templateOf(route: string): string {
  const known = templates.get(route);
  if (known !== undefined) return known;
  const template = route.replace(/:(\w+)/g, "{$1}");
  templates.set(route, template);
  return template;
}

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
function createIds(): () => () => string {
  const process = randomBytes(6).toString("hex");
  let count = 0;
  return () => {
    const number = count++;
    return () => `${process}-${number.toString(16).padStart(3, "0")}`;
  };
}

/** Bytes of a response's body; undefined where only its stream knows. */
function sizeOf({ body, headers }: Response): number | undefined {
  const length = headers.get("content-length");
  if (length !== null) return Number(length);
  return body === null ? 0 : undefined;
}

/** An answered request, as Elysia passes it to hooks. */
interface Answered {
  readonly request: Request;
  readonly observed: Observed;
  readonly set: { status?: number | string };
}

/** The observation of requests. */
export interface RequestObservation {
  /** Gives each request an id, and tells the observers of its answer. */
  readonly plugin: AnyElysia;
  /** Tells the observers of an answer, and returns what is to be sent. */
  readonly conclude: (answered: Answered, delivered: Delivered) => Response;
}

/** Observes the requests of the app that uses its plugin. */
export function createObservation(
  { observers, trustedProxies, sendsIds }: ObservationOptions,
  serverOf: () => AnyElysia["server"],
): RequestObservation {
  const nextId = createIds();
  const idOf = (request: Request, peer: () => string): (() => string) => {
    const sent = trustedProxies.blocks.length === 0 ? null : request.headers.get("x-request-id");
    return sent !== null && SENT_ID.test(sent) && contains(trustedProxies, peer()) ? () => sent : nextId();
  };
  const conclude: RequestObservation["conclude"] = (
    { request, observed, set },
    { response, size, route, code, user },
  ) => {
    const { id, peer, began } = observed;
    if (sendsIds) response.headers.set(REQUEST_ID, id());
    const method = methodOf(request);
    const exchange: Exchange = {
      request,
      method,
      id,
      client: () => clientAddress((name) => request.headers.get(name) ?? undefined, peer(), trustedProxies) ?? peer(),
      peer,
      user,
      route,
      code,
      status: response.status,
      size: method === "HEAD" ? 0 : (size ?? sizeOf(response)),
      seconds: (Bun.nanoseconds() - began) / 1e9,
    };
    for (const tell of observers) tell(exchange);
    // A status of Elysia's own would make it send a copy of the response.
    set.status = 200;
    return response;
  };
  const plugin = new Elysia({ name: "observation" })
    .decorate("observed", undefined as unknown as Observed)
    .onRequest(
      hookAtOnce((context) => {
        const { request } = context;
        const peer = () => serverOf()?.requestIP(request)?.address ?? "";
        context.observed = { began: Bun.nanoseconds(), id: idOf(request, peer), peer };
      }),
    )
    .mapResponse(
      { as: "global" },
      hookAtOnce(({ request, observed, set, response: value, route: path }) => {
        if (isDelivered(value)) return conclude({ request, observed, set }, value);
        if (!(value instanceof Response)) return;
        // Elysia's wildcards say nothing of what was asked.
        const route = path === undefined || /[:*]/.test(path) ? undefined : path;
        return conclude({ request, observed, set }, { response: value, route });
      }),
    );
  return { plugin, conclude };
}
