/**
 * Puts together an OpenAPI document.
 *
 * @see OpenAPI Specification 3.1.1
 */
import type { Answered, Header, Operation, Parameter, Reference, Schema } from "./operation.ts";

/** A route and what it says of itself. */
export interface DescribedRoute {
  readonly method: "GET" | "POST";
  /** With `{parameters}`. */
  readonly path: string;
  readonly operation: Operation;
}

/** What several routes say alike, by name. */
export interface Components {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly responses: Readonly<Record<string, Answered>>;
  readonly securitySchemes: Readonly<Record<string, Schema>>;
}

/** Everything that is no route. */
export interface DocumentFrame {
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    /** Paragraphs, with empty lines between them. */
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly components: Components;
  /** What every answer says, whatever it is. */
  readonly headers: Readonly<Record<string, Header>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

/** A whole document. */
export interface OpenApiDocument extends Omit<DocumentFrame, "headers"> {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
}

/** An operation as the document has it. */
export type PathOperation = Omit<Operation, "otherMethods">;

/** All that is known of a path. */
export interface PathItem {
  readonly get?: PathOperation;
  readonly head?: PathOperation;
  readonly post?: PathOperation;
  readonly "x-other-methods": Operation["otherMethods"];
}

/** Only GET has ranges: RFC 9110 section 14.2. */
const OF_GET_ALONE: readonly string[] = ["206", "416"];
const RANGE_PARAMETERS: readonly string[] = ["Range", "IfRange"];

const HEAD_OF_GET = "The headers that GET gives, without the body.";

function entriesWhere<Value>(
  record: Readonly<Record<string, Value>>,
  keeps: (key: string) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keeps(key)));
}

const nameIn = ({ $ref }: Reference): string => $ref.slice($ref.lastIndexOf("/") + 1);

function bodiless(answer: Answered | Reference, { responses }: Components): Answered | Reference {
  const known = "$ref" in answer ? responses[nameIn(answer)] : answer;
  if (known === undefined) return answer;
  const { content: _, ...rest } = known;
  return rest;
}

/** HEAD is asked as GET is, and answers with no bodies. */
function headOf(get: PathOperation, components: Components): PathOperation {
  const answers = entriesWhere(get.responses, (status) => !OF_GET_ALONE.includes(status));
  return {
    ...get,
    operationId: `${get.operationId}Head`,
    summary: `${get.summary} (headers only)`,
    description: HEAD_OF_GET,
    ...(get.parameters !== undefined && {
      parameters: get.parameters.filter(
        (each) => !RANGE_PARAMETERS.includes("$ref" in each ? nameIn(each) : each.name),
      ),
    }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, bodiless(answer, components)]),
    ),
  };
}

function pathsOf(routes: readonly DescribedRoute[], components: Components): Record<string, PathItem> {
  const paths: Record<string, PathItem> = {};
  for (const { method, path, operation } of routes) {
    const { otherMethods, ...rest } = operation;
    const operations = method === "GET" ? { get: rest, head: headOf(rest, components) } : { post: rest };
    paths[path] = { ...paths[path], ...operations, "x-other-methods": otherMethods };
  }
  return paths;
}

/** Calls back for each reference to a component below a value. */
function eachReference(value: unknown, tell: (kind: string, name: string) => void): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const [, kind, name] = key === "$ref" ? (/^#\/components\/(\w+)\/(.+)$/.exec(String(part)) ?? []) : [];
    if (kind !== undefined && name !== undefined) tell(kind, name);
    else eachReference(part, tell);
  }
}

/** The components that the paths lead to, in their own order. */
function usedIn(paths: unknown, components: Components): Components {
  const byKind = new Map<string, Readonly<Record<string, unknown>>>(Object.entries(components));
  const used = new Set<string>();
  const visit = (kind: string, name: string): void => {
    const key = `${kind}/${name}`;
    if (used.has(key)) return;
    used.add(key);
    eachReference(byKind.get(kind)?.[name], visit);
  };
  eachReference(paths, visit);
  const { schemas, parameters, responses, securitySchemes } = components;
  return {
    schemas: entriesWhere(schemas, (name) => used.has(`schemas/${name}`)),
    parameters: entriesWhere(parameters, (name) => used.has(`parameters/${name}`)),
    responses: entriesWhere(responses, (name) => used.has(`responses/${name}`)),
    securitySchemes,
  };
}

type Headers = DocumentFrame["headers"];

/** What is said of answers, with headers added that all of them have. */
function withHeaders<Each extends Answered | Reference>(
  answers: Readonly<Record<string, Each>>,
  headers: Headers,
): Record<string, Each> {
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      "$ref" in answer ? answer : { ...answer, headers: { ...answer.headers, ...headers } },
    ]),
  );
}

function routeWithHeaders(route: DescribedRoute, headers: Headers): DescribedRoute {
  const { operation } = route;
  return { ...route, operation: { ...operation, responses: withHeaders(operation.responses, headers) } };
}

/** Makes the document; the same from the same routes. */
export function documentOf(routes: readonly DescribedRoute[], frame: DocumentFrame): OpenApiDocument {
  const { info, tags, security, headers } = frame;
  const components = { ...frame.components, responses: withHeaders(frame.components.responses, headers) };
  const paths = pathsOf(
    routes.map((route) => routeWithHeaders(route, headers)),
    components,
  );
  return {
    openapi: "3.1.1",
    info,
    servers: [{ url: "/" }],
    security,
    tags,
    paths,
    components: usedIn(paths, components),
  };
}

/** @returns what a reference to a parameter stands for, or the parameter itself */
export function parameterOf({ components }: OpenApiDocument, value: Parameter | Reference): Parameter | undefined {
  return "$ref" in value ? components.parameters[nameIn(value)] : value;
}

/** @returns what a reference to an answer stands for, or the answer itself */
export function answerOf({ components }: OpenApiDocument, value: Answered | Reference): Answered | undefined {
  return "$ref" in value ? components.responses[nameIn(value)] : value;
}
