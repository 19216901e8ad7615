/** Holds answers to the OpenAPI document, and keeps a record of which of its answers were seen. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { OpenApiDocument, PathItem, PathOperation } from "../../lib/app/openapi/document.ts";
import type { Answered, Reference, Schema } from "../../lib/app/openapi/operation.ts";
import type { RawAnswer } from "../harness/raw.ts";

/** A request as far as the document speaks of it. */
export interface Asked {
  readonly method: string;
  readonly target: string;
}

/** What answers are held to. */
export interface Contract {
  /** @returns what the document does not say of this answer; nothing when all is well */
  readonly judge: (asked: Asked, answer: RawAnswer) => readonly string[];
  /** Documented answers that were not seen, as `GET /v2/ 200`, for errors with the code. */
  readonly unseen: () => readonly string[];
}

/** Of HTTP itself, whatever is asked. */
const OF_HTTP: ReadonlySet<string> = new Set(["date", "content-length", "content-type", "connection"]);
const BROKEN: readonly number[] = [400, 414, 431];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A template as a pattern; names may have slashes, nothing else has. */
function patternOf(template: string): RegExp {
  const parts = template.split(/(\{\w+\})/).map((part) => {
    if (part === "{name}") return "(.+)";
    return part.startsWith("{") ? "([^/]*)" : escaped(part);
  });
  return new RegExp(`^${parts.join("")}$`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** The codes that a documented v2 error may have; one empty one for everything else. */
function codesOf({ content = {} }: Answered): readonly string[] {
  const codes = Object.keys(content["application/json"]?.examples ?? {});
  return codes.length === 0 ? [""] : codes;
}

const codeIn = (body: string): string => {
  const read: unknown = body.startsWith('{"errors"') ? JSON.parse(body) : undefined;
  const first = isRecord(read) && Array.isArray(read["errors"]) ? read["errors"][0] : undefined;
  return isRecord(first) ? String(first["code"]) : "";
};

/** @param spares documented answers that can't be asked for */
export function contractOf(document: OpenApiDocument, spares: (line: string) => boolean): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(JSON.parse(JSON.stringify({ ...document, $id: "https://document.test/" })));
  const compiled = new Map<string, ValidateFunction>();
  const faultsIn = (schema: Schema, value: unknown): readonly string[] => {
    const text = JSON.stringify(schema).replaceAll('"#/', '"https://document.test/#/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  const resolve = (value: Answered | Reference): Answered => {
    if (!("$ref" in value)) return value;
    const known = document.components.responses[value.$ref.split("/").at(-1) ?? ""];
    if (known === undefined) throw new Error(`${value.$ref} leads nowhere`);
    return known;
  };

  const paths = Object.entries(document.paths).map(([path, item]) => ({ path, item, pattern: patternOf(path) }));
  /** Of several that match, the one with the longest name: the path is split at the right-most keyword. */
  const find = (target: string) => {
    const path = target.split("?", 1)[0] ?? "";
    const alias = path === "/v2" ? "/v2/" : path.replace(/^(\/v1\/users|\/(?!v[12]\/).+)\/$/, "$1");
    return paths
      .map((each) => ({ ...each, match: each.pattern.exec(alias) }))
      .filter(({ match }) => match !== null)
      .sort((one, other) => (other.match?.[1] ?? "").length - (one.match?.[1] ?? "").length)[0];
  };

  const operationOf = (item: PathItem, method: string): PathOperation | undefined =>
    method === "GET" ? item.get : method === "HEAD" ? item.head : method === "POST" ? item.post : undefined;

  const seen = new Set<string>();

  const judgeHeaders = ({ headers: documented = {} }: Answered, { headers }: RawAnswer): readonly string[] => {
    const byName = new Map(Object.entries(documented).map(([name, header]) => [name.toLowerCase(), header]));
    const undocumented = [...headers.keys()].filter((name) => !byName.has(name) && !OF_HTTP.has(name));
    return [
      ...undocumented.map((name) => `undocumented header ${name}`),
      ...[...byName].flatMap(([name, { required = false, schema }]) => {
        const value = headers.get(name);
        if (value === undefined) return required ? [`no header ${name}`] : [];
        return faultsIn(schema, schema["type"] === "integer" ? Number(value) : value).map((f) => `${name}: ${f}`);
      }),
    ];
  };

  const judgeBody = (
    method: string,
    { content }: Answered,
    { headers, body, status }: RawAnswer,
  ): readonly string[] => {
    if (method === "HEAD") return body === "" ? [] : ["a body for HEAD"];
    if (content === undefined) return body === "" ? [] : ["an undocumented body"];
    const type = (headers.get("content-type") ?? "").split(";", 1)[0] ?? "";
    const media = content[type];
    if (media === undefined) return [`undocumented media type ${type}`];
    if (media.schema === undefined || status === 206) return [];
    return faultsIn(media.schema, type.endsWith("json") ? JSON.parse(body) : body);
  };

  /** Where no route is, the answer has the form of its API all the same. */
  const judgeStray = ({ method, target }: Asked, answer: RawAnswer): readonly string[] => {
    const [, api = ""] = /^\/(v[12])(?:[/?]|$)/.exec(target) ?? [];
    // A path of the API's shape has no other methods, even where its parts are out of the grammar.
    const isRefused = answer.status === 405 && api !== "" && !["GET", "HEAD"].includes(method);
    if (!isRefused && ![404, ...BROKEN].includes(answer.status)) return [`nobody's path answered ${answer.status}`];
    const form = document.components.responses[`${api.toUpperCase()}${isRefused ? "MethodNotAllowed" : "BadRequest"}`];
    if (form === undefined) return ["no form"];
    const body = judgeBody(method, api === "v2" ? { ...form, content: ANY_ERROR } : form, answer);
    return [...judgeHeaders(form, answer), ...body];
  };

  return {
    judge(asked, answer) {
      const { method, target } = asked;
      const found = find(target);
      if (found === undefined) return judgeStray(asked, answer);
      const { item, path } = found;
      const operation = operationOf(item, method);
      if (operation === undefined) {
        if (answer.status !== 405) return judgeStray(asked, answer);
        const others = resolve(item["x-other-methods"]);
        seen.add(`other ${path}`);
        return [...judgeHeaders(others, answer), ...judgeBody(method, others, answer)];
      }
      const documented = operation.responses[answer.status];
      if (documented === undefined) return [`undocumented status ${answer.status}`];
      const response = resolve(documented);
      const code = method === "HEAD" ? "" : codeIn(answer.body);
      seen.add(`${method} ${path} ${answer.status} ${code}`.trim());
      return [...judgeHeaders(response, answer), ...judgeBody(method, response, answer)];
    },
    unseen() {
      const all = Object.entries(document.paths).flatMap(([path, item]) => [
        `other ${path}`,
        ...(["GET", "HEAD", "POST"] as const).flatMap((method) =>
          Object.entries(operationOf(item, method)?.responses ?? {}).flatMap(([status, response]) =>
            codesOf(resolve(response)).map((code) => `${method} ${path} ${status} ${code}`.trim()),
          ),
        ),
      ]);
      return all.filter((line) => !seen.has(line) && !spares(line));
    },
  };
}

const ANY_ERROR = { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } };
