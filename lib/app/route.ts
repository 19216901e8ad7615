/** The entries of the route table, and how they are registered with Elysia. */
import { type AnyElysia, Elysia, NotFoundError } from "elysia";
import * as v from "valibot";
import type { Allowed, RequestedAccess } from "../auth/authenticator.ts";
import { EXPLAIN, type Outcome } from "./answer.ts";
import { handlerAtOnce } from "./at-once.ts";
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

type Handle<Params, Query, Headers, Decision> = (
  view: View,
  parsed: ParsedRequest<Params, Query, Headers>,
  context: Called,
) => Decision;

interface RouteShape<Params, Query, Headers> {
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
}

/** A route, whose handler decides the answer: at once, unless it waits for something. */
type Definition<Params, Query, Headers> = RouteShape<Params, Query, Headers> &
  (
    | { readonly waits?: false; readonly handle: Handle<Params, Query, Headers, Outcome> }
    | { readonly waits: true; readonly handle: Handle<Params, Query, Headers, Promise<Outcome>> }
  );

/** The means of a handler beside the view and the parsed request. */
interface Called {
  /** Issues a token for the requests that follow, for a client that sent a password. */
  readonly v1Token: Allowed["v1Token"] | undefined;
  readonly registry: Registry;
  readonly request: Request;
}

/** One entry of the table. */
export type Route = Definition<unknown, unknown, unknown>;

type RouteAtOnce = Extract<Route, { readonly waits?: false }>;

/** Makes an entry whose handler gets what the entry's schemas yield. */
export const route = <Params, Query, Headers>(definition: Definition<Params, Query, Headers>): Route =>
  // The table forgets the types that the schemas guarantee.
  definition as unknown as Route;

/** A repository name among others: it has slashes, so the rest of the path is matched from its end. */
const NAMED = "/:name/";

/** Makes the pattern of a path, with a group for each parameter. */
const patternOf = ({ path }: Route): RegExp =>
  new RegExp(`^${path.replace(NAMED, "/(.+)/").replace(/:\w+/g, "([^/]*)")}$`);

/** Decodes the one character of a reference that clients may percent-encode. */
const decodeColon = (text: string): string => (text.includes("%") ? text.replace(/%3a/gi, ":") : text);

/** Paths of pushes: clients must learn that the registry is read-only, not that the name is unknown. */
const UPLOAD = /^\/v2\/.+\/blobs\/uploads\//;

/** A path of the table: its route, and the methods that it takes, as Allow lists them. */
interface KnownPath {
  readonly route: string | undefined;
  readonly allow: string;
}

/** Makes the lookup of paths; a path that the table lacks is undefined. */
export function knownPaths(table: readonly Route[]): (path: string) => KnownPath | undefined {
  const patterns = table.map((entry) => ({ entry, pattern: patternOf(entry) }));
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

/** Brings what a route decided into the form in which it is sent. */
function conclude(view: View, entry: Route, outcome: Outcome, request: Request, user?: string): Delivered {
  const { response, code, size, repeatable } = deliver(view, outcome, {
    method: methodOf(request) === "HEAD" ? "HEAD" : "GET",
    header: (name) => request.headers.get(name),
    variesByAccept: entry.variesByAccept === true,
    isExplained: () => EXPLAIN in queryOf(request) && request.headers.get("origin") === null,
  });
  const delivered = { response, code, size, route: entry.path, user };
  // Of the headers that decide an answer, only Accept tells kept ones apart.
  return entry.headers === undefined || entry.variesByAccept === true ? { ...delivered, repeatable } : delivered;
}

/** Answers synchronously: the registry is public, and the route waits for nothing. */
function answerAtOnce(registry: Registry, entry: RouteAtOnce, parsed: ParsedRequest, request: Request): Delivered {
  const view = registry.publicView();
  return conclude(view, entry, entry.handle(view, parsed, { registry, request, v1Token: undefined }), request);
}

/** A request, and what was observed of it. */
type Asked = Pick<RequestContext, "request" | "observed">;

/** Answers as soon as it is known who asks, and what the route waits for. */
async function answerLater(
  registry: Registry,
  entry: Route,
  parsed: ParsedRequest,
  { request, observed }: Asked,
): Promise<Delivered> {
  const anyone = registry.publicView();
  const sent = textIn(parsed.params, "name");
  // A token is for the name here, not for that of a registry that is mirrored.
  const name = sent === undefined ? undefined : (localName(anyone, sent, textIn(parsed.query, "ns")) ?? sent);
  const admission: Admission = (await registry.admit?.({
    header: (each) => request.headers.get(each) ?? undefined,
    peer: observed.peer(),
    path: entry.path,
    wanted: { kind: entry.wants, ...(name !== undefined && { name }) },
  })) ?? { isAdmitted: true, view: anyone };
  if (!admission.isAdmitted) return conclude(anyone, entry, admission.answer, request);
  const { view, user, v1Token } = admission;
  return conclude(view, entry, await entry.handle(view, parsed, { registry, request, v1Token }), request, user);
}

/**
 * Answers a request: who asks, what the route decides, and in which form it is sent.
 *
 * @see docs/request-handling.md
 */
export const answer = (
  registry: Registry,
  entry: Route,
  parsed: ParsedRequest,
  context: Asked,
): Delivered | Promise<Delivered> =>
  registry.admit === undefined && !entry.waits
    ? answerAtOnce(registry, entry, parsed, context.request)
    : answerLater(registry, entry, parsed, context);

/** Reads those headers that a schema names. */
function headersOf({ headers }: Request, { entries }: NonNullable<Route["headers"]>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const name of Object.keys(entries)) {
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

/** Parses the parts of a request by the schemas of its route. */
const parsedBy = ({ params, query, headers }: Route, parts: object, request: Request): ParsedRequest => ({
  params: params && v.parse(params, parts),
  query: query && (request.url.includes("?") ? v.parse(query, queryOf(request)) : NO_QUERY),
  headers: headers && v.parse(headers, headersOf(request, headers)),
});

/** A route whose path matches, and its parameters as the client sent them. */
interface Match {
  readonly entry: Route;
  readonly parts: Readonly<Record<string, string>>;
}

/** Makes the matcher of paths that name a repository. Elysia's router takes no slashes in a name. */
function matcherOf(table: readonly Route[]): (path: string) => Match | undefined {
  const routes = table.map((entry) => ({
    entry,
    pattern: patternOf(entry),
    names: entry.path.match(/(?<=:)\w+/g) ?? [],
  }));
  return (path) => {
    for (const { entry, pattern, names } of routes) {
      const values = pattern.exec(path);
      if (values === null) continue;
      const parts: Record<string, string> = {};
      for (const [at, name] of names.entries()) parts[name] = values[at + 1] ?? "";
      return { entry, parts };
    }
    return undefined;
  };
}

type Handler = (context: RequestContext) => Delivered | Promise<Delivered>;

/** Registers a table. @param prefix `/v1` or `/v2` */
export function registryRoutes(prefix: string, table: readonly Route[], registry: Registry): AnyElysia {
  const app = new Elysia({ name: prefix });
  // The handlers' context is what the plugins and the schemas make of it, which a table can't tell Elysia's types.
  const add = app.route.bind(app) as unknown as (method: string, path: string, handle: Handler, hook: object) => void;

  for (const entry of table) {
    const { method = "GET", path, alsoAt, params, query, headers, detail } = entry;
    const schemas = {
      ...(params && { params }),
      ...(query && { query, transform: withQuery }),
      ...(headers && { headers }),
    };
    // Elysia reads only those parts of a request that the text of a handler names.
    const handle: Handler =
      headers === undefined
        ? ({ request, observed, params, query }) =>
            answer(registry, entry, { params, query, headers: undefined }, { request, observed })
        : ({ request, observed, params, query, headers }) =>
            answer(registry, entry, { params, query, headers }, { request, observed });
    const operation = typeof detail === "function" ? detail(registry.deployment) : detail;
    add(method, path, handle, { ...schemas, parse: "none", detail: operation });
    if (alsoAt !== undefined) add(method, alsoAt, handle, { ...schemas, parse: "none", detail: { hide: true } });
  }

  const deep = table.filter(({ path }) => path.includes(NAMED));
  const match = matcherOf(deep);
  const handleDeep: Handler = ({ request, observed, path }) => {
    const matched = match(decodeColon(path));
    if (matched === undefined) throw new NotFoundError();
    const { entry, parts } = matched;
    return answer(registry, entry, parsedBy(entry, parts, request), { request, observed });
  };
  const waits = registry.admit !== undefined || deep.some((entry) => entry.waits);
  add("GET", `${prefix}/*`, waits ? handleDeep : handlerAtOnce(handleDeep), { detail: { hide: true } });
  return app;
}
