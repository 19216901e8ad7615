/** The entries of the route table, and how they are registered with Elysia. */
import { type AnyElysia, Elysia, NotFoundError } from "elysia";
import * as v from "valibot";
import type { Allowed, RequestedAccess } from "../auth/authenticator.ts";
import type { Outcome } from "./answer.ts";
import { deliver } from "./deliver.ts";
import type { Deployment, Operation } from "./openapi/operation.ts";
import type { Admission } from "./plugins/authentication.ts";
import type { Delivered, RequestContext } from "./plugins/observation.ts";
import { methodOf } from "./plugins/requests.ts";
import type { Registry } from "./registry.ts";
import { localName, type View } from "./view.ts";

/** The parts of a request, parsed by the schemas of its route. */
export interface ParsedRequest<Params = unknown, Query = unknown, Headers = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly headers: Headers;
}

type RequestSchema<Output> = v.GenericSchema<unknown, Output> | v.GenericSchema<object, Output>;

interface Definition<Params, Query, Headers> {
  /** GET unless given; GET answers HEAD too. */
  readonly method?: "GET" | "POST";
  /** Path as Elysia writes it. `:name` stands for a repository name with any number of slashes. */
  readonly path: string;
  /** Another spelling of the path, which the documents leave out. */
  readonly alsoAt?: string;
  /** The kind of thing that the client wants; authentication depends on it. */
  readonly wants: RequestedAccess["kind"];
  /** Schemas whose messages are the codes of `errors.ts`. */
  readonly params?: RequestSchema<Params>;
  readonly query?: RequestSchema<Query>;
  readonly headers?: RequestSchema<Headers> & { readonly entries: object };
  /** Whether the answer depends on the Accept header. */
  readonly variesByAccept?: boolean;
  /** OpenAPI operation, for the configuration at hand. */
  readonly detail: Operation | ((deployment: Deployment) => Operation) | { readonly hide: true };
  /** Decides the answer. */
  readonly handle: (
    view: View,
    parsed: ParsedRequest<Params, Query, Headers>,
    context: Called,
  ) => Outcome | Promise<Outcome>;
}

/** The means of a handler beside the view and the parsed request. */
interface Called {
  /** Issues a token for the requests that follow, for a client that sent a password. */
  readonly v1Token: Allowed["v1Token"] | undefined;
  readonly registry: Registry;
  readonly request: Request;
}

/** One entry of the table. */
export type Route = Definition<unknown, unknown, unknown>;

/** Makes an entry whose handler gets what the entry's schemas yield. */
export const route = <Params, Query, Headers>(definition: Definition<Params, Query, Headers>): Route =>
  // The table forgets the types that the schemas guarantee.
  definition as unknown as Route;

/** A route whose path matches, and its parameters as the client sent them. */
interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Decodes the one character of a reference that clients may percent-encode. */
const decodeColon = (text: string): string => (text.includes("%") ? text.replace(/%3a/gi, ":") : text);

/**
 * Makes the matcher of paths whose name has slashes, which Elysia's router can't match. It matches a path from its end,
 * so that names may contain the words that routes use.
 */
function matcherOf(table: readonly Route[]): (path: string) => Match | undefined {
  const named = table
    .filter(({ path }) => path.includes("/:name/"))
    .map((entry) => {
      const [prefix = "", rest = ""] = entry.path.split(":name/");
      return { entry, prefix, segments: rest.split("/").toReversed() };
    });
  const match = (path: string, { entry, prefix, segments }: (typeof named)[number]): Match | undefined => {
    const params: Record<string, string> = {};
    let end = path.length;
    for (const segment of segments) {
      const start = path.lastIndexOf("/", end - 1);
      if (start < prefix.length) return undefined;
      const part = path.slice(start + 1, end);
      if (segment.startsWith(":")) params[segment.slice(1)] = decodeColon(part);
      else if (part !== segment) return undefined;
      end = start;
    }
    params["name"] = path.slice(prefix.length, end);
    return path.startsWith(prefix) ? { route: entry, params } : undefined;
  };
  return (path) => {
    for (const each of named) {
      const matched = match(path, each);
      if (matched !== undefined) return matched;
    }
    return undefined;
  };
}

/** Paths of pushes: clients must learn that the registry is read-only, not that the name is unknown. */
const UPLOAD = /^\/v2\/.+\/blobs\/uploads\//;

/** A path of the table: its route, and the methods that it takes, as Allow lists them. */
interface KnownPath {
  readonly route: string | undefined;
  readonly allow: string;
}

/** Makes the lookup of paths; a path that the table lacks is undefined. */
export function knownPaths(table: readonly Route[]): (path: string) => KnownPath | undefined {
  const patterns = table.map((entry) => {
    const pattern = entry.path.replace("/:name/", "/.+/").replace(/:\w+/g, "[^/]*");
    return { entry, pattern: new RegExp(`^${pattern}$`) };
  });
  return (path) => {
    const entries = patterns.filter(({ entry, pattern }) => pattern.test(path) || entry.alsoAt === path);
    const [known] = entries;
    if (known === undefined && !UPLOAD.test(path)) return undefined;
    const others = entries.map(({ entry: { method = "GET" } }) => method).filter((method) => method !== "GET");
    return { route: known?.entry.path, allow: ["GET", "HEAD", ...others].join(", ") };
  };
}

const textIn = (parsed: unknown, key: "name" | "ns"): string | undefined => {
  const value: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, key) : undefined;
  return typeof value === "string" ? value : undefined;
};

/** What authentication tells of a client. */
type Client = Pick<Allowed, "user" | "v1Token">;

const ANONYMOUS: Client = {};

/** Brings what a route decided into the form in which it is sent. */
function conclude(view: View, entry: Route, outcome: Outcome, request: Request, user: string | undefined): Delivered {
  const { response, code, size } = deliver(view, outcome, {
    method: methodOf(request) === "HEAD" ? "HEAD" : "GET",
    header: (name) => request.headers.get(name),
    variesByAccept: entry.variesByAccept === true,
  });
  return { response, code, size, route: entry.path, user };
}

/** Answers a client that is admitted: at once, unless the route waits for something. */
function answerAdmitted(
  registry: Registry,
  entry: Route,
  parsed: ParsedRequest,
  request: Request,
  view: View,
  { user, v1Token }: Client,
): Delivered | Promise<Delivered> {
  const outcome = entry.handle(view, parsed, { registry, request, v1Token });
  if (outcome instanceof Promise) return outcome.then((each) => conclude(view, entry, each, request, user));
  return conclude(view, entry, outcome, request, user);
}

/**
 * Answers a request: who asks, what the route decides, and in which form it is sent.
 *
 * @see docs/request-handling.md
 */
export function answer(
  registry: Registry,
  entry: Route,
  parsed: ParsedRequest,
  { request, observed }: RequestContext,
): Delivered | Promise<Delivered> {
  const view = registry.publicView();
  if (registry.admit === undefined) return answerAdmitted(registry, entry, parsed, request, view, ANONYMOUS);
  const sent = textIn(parsed.params, "name");
  // A token is for the name here, not for that of a registry that is mirrored.
  const name = sent === undefined ? undefined : (localName(view, sent, textIn(parsed.query, "ns")) ?? sent);
  const admission = registry.admit({
    header: (each) => request.headers.get(each) ?? undefined,
    peer: observed.peer(),
    path: entry.path,
    wanted: { kind: entry.wants, ...(name !== undefined && { name }) },
  });
  const proceed = (admitted: Admission) =>
    admitted.isAdmitted
      ? answerAdmitted(registry, entry, parsed, request, admitted.view, admitted)
      : conclude(view, entry, admitted.answer, request, undefined);
  return admission instanceof Promise ? admission.then(proceed) : proceed(admission);
}

/** Reads those headers that a schema names. */
function headersOf({ headers }: Request, { entries }: NonNullable<Route["headers"]>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const name in entries) {
    const value = headers.get(name);
    if (value !== null) read[name] = value;
  }
  return read;
}

/** Reads the query of a URL; of a parameter that is there twice, the first counts. */
export function queryOf({ url }: Request): Readonly<Record<string, string>> {
  const query: Record<string, string> = Object.create(null);
  const mark = url.indexOf("?");
  if (mark !== -1) for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) query[name] ??= value;
  return query;
}

/** Elysia's own reading takes `[1]` and `{"a":1}` for more than texts. */
export const withQuery = (context: { query?: unknown; readonly request: Request }): void => {
  context.query = queryOf(context.request);
};

/** Every parameter of a query is optional. */
const NO_QUERY = {};

/** Registers a table. @param prefix `/v1` or `/v2` */
export function registryRoutes(prefix: string, table: readonly Route[], registry: Registry): AnyElysia {
  const app = new Elysia({ name: prefix });
  const match = matcherOf(table);
  // The handlers' context is what the plugins and the schemas make of it, which a table can't tell Elysia's types.
  const add = app.route.bind(app) as unknown as (
    method: string,
    path: string,
    handle: (context: RequestContext) => Delivered | Promise<Delivered>,
    hook: object,
  ) => void;

  for (const entry of table) {
    const { method = "GET", path, alsoAt, params, query, headers, detail } = entry;
    const schemas = {
      ...(params && { params }),
      ...(query && { query, transform: withQuery }),
      ...(headers && { headers }),
    };
    // Elysia reads only those parts of a request that the text of a handler names.
    const handle =
      headers === undefined
        ? ({ request, observed, params, query }: RequestContext) =>
            answer(registry, entry, { params, query, headers: undefined }, { request, observed })
        : ({ request, observed, params, query, headers }: RequestContext) =>
            answer(registry, entry, { params, query, headers }, { request, observed });
    const operation = typeof detail === "function" ? detail(registry.deployment) : detail;
    add(method, path, handle, { ...schemas, parse: "none", detail: operation });
    if (alsoAt !== undefined) add(method, alsoAt, handle, { ...schemas, parse: "none", detail: { hide: true } });
  }

  /** Splits a path that has slashes in its name, and parses its parts and the rest by the schemas of its route. */
  const handleDeep = ({ request, observed, params }: RequestContext) => {
    const matched = match(`${prefix}/${(params as { "*": string })["*"]}`);
    if (matched === undefined) throw new NotFoundError();
    const { route: entry, params: parts } = matched;
    const parsed = {
      params: entry.params && v.parse(entry.params, parts, { abortEarly: true }),
      query: entry.query && (request.url.includes("?") ? v.parse(entry.query, queryOf(request)) : NO_QUERY),
      headers: entry.headers && v.parse(entry.headers, headersOf(request, entry.headers)),
    };
    return answer(registry, entry, parsed, { request, observed });
  };
  add("GET", `${prefix}/*`, handleDeep, { parse: "none", detail: { hide: true } });
  return app;
}
