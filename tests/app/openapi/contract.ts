/** Holds answers to the OpenAPI document, and keeps a record of which of its answers occurred. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { RawAnswer } from "../../harness/raw.ts";
import type { Sent } from "./requests.ts";

interface Answered {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
  readonly content?: Readonly<Record<string, { readonly schema?: object; readonly examples?: object }>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Answered>>;
}

/** The document, as far as answers are held to it. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<"get" | "post", Operation>>>>>;
}

export interface Contract {
  /** Returns what the document does not say of an answer; nothing when all is well. */
  readonly judge: (asked: Sent, answer: RawAnswer) => readonly string[];
  /** Returns the documented answers that have not occurred, such as `GET /v2/ 200`, errors with their code. */
  readonly unseen: () => readonly string[];
}

/** Headers of HTTP itself. */
const OF_HTTP: ReadonlySet<string> = new Set(["date", "content-length", "content-type", "connection"]);

/** Makes a pattern of a path; names may have slashes. */
const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${RegExp.escape(template).replace(/\\\{(\w+)\\\}/g, (_, name) => (name === "name" ? "(.+)" : "([^/]*)"))}$`,
  );

/** Returns the path as the registry sees it; undefined where something would have to be decoded. */
function pathOf(target: string): string | undefined {
  const { pathname } = new URL(`http://registry${target}`);
  const path = pathname.replace(/%3A/gi, ":");
  if (path.includes("%")) return undefined;
  return path === "/v2" ? "/v2/" : path === "/v1/users/" ? "/v1/users" : path;
}

/** @param spares documented answers that can't be asked for */
export function contractOf(document: OpenApiDocument, spares: (line: string) => boolean): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ ...document, $id: "https://document.test/" });
  const compiled = new Map<object, ValidateFunction>();
  const faultsIn = (schema: object, value: unknown): readonly string[] => {
    const absolute = () => JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://document.test/#/'));
    const validate = compiled.get(schema) ?? ajv.compile(absolute());
    compiled.set(schema, validate);
    return validate(value) ? [] : (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message}`);
  };

  const routes = Object.entries(document.paths).map(([path, item]) => ({ path, item, pattern: patternOf(path) }));
  /** Of several that match, the one with the longest name: a path is split at the right-most keyword. */
  const find = (target: string) => {
    const path = pathOf(target);
    const lengthOf = ({ pattern }: { readonly pattern: RegExp }) => pattern.exec(path ?? "")?.[1]?.length ?? 0;
    return routes
      .filter(({ pattern }) => path !== undefined && pattern.test(path))
      .sort((one, other) => lengthOf(other) - lengthOf(one))[0];
  };

  const seen = new Set<string>();

  function judgeHeaders({ headers: documented = {} }: Answered, { headers }: RawAnswer): readonly string[] {
    const byName = new Map(Object.entries(documented).map(([name, header]) => [name.toLowerCase(), header]));
    const undocumented = [...headers.keys()].filter((name) => !byName.has(name) && !OF_HTTP.has(name));
    return [
      ...undocumented.map((name) => `undocumented header ${name}`),
      ...[...byName].flatMap(([name, { required = false, schema }]) => {
        const value = headers.get(name);
        if (value === undefined) return required ? [`no header ${name}`] : [];
        return faultsIn(schema, name === "retry-after" ? Number(value) : value).map((fault) => `${name}: ${fault}`);
      }),
    ];
  }

  function judgeBody(method: string, { content }: Answered, { headers, body, status }: RawAnswer): readonly string[] {
    if (method === "HEAD") return body === "" ? [] : ["a body for HEAD"];
    if (content === undefined) return body === "" ? [] : ["an undocumented body"];
    const type = (headers.get("content-type") ?? "").split(";", 1)[0] ?? "";
    const media = content[type] ?? content["*/*"];
    if (media === undefined) return [`undocumented media type ${type}`];
    if (media.schema === undefined || status === 206) return [];
    return faultsIn(media.schema, type.endsWith("json") ? JSON.parse(body) : body);
  }

  /** Judges what no operation describes: 404, or 405 with Allow, in the form of the API. */
  function judgeOther({ method, target }: Sent, { status, headers, body }: RawAnswer, isKnown: boolean) {
    const { pathname } = new URL(`http://registry${target}`);
    const isReading = method === "GET" || method === "HEAD";
    const expected = isKnown ? [405] : isReading ? [404] : [404, 405];
    const type = /^\/v2(?:\/|$)/.test(pathname) ? "application/json" : "text/plain;charset=utf-8";
    return [
      ...(expected.includes(status) ? [] : [`expected ${expected}`]),
      ...((headers.has("allow") ? 405 : 404) === status ? [] : ["Allow is for 405 alone"]),
      ...(headers.get("content-type")?.replace(" ", "") === type ? [] : [`not ${type}`]),
      ...(method === "HEAD" || type.startsWith("text") || body.startsWith('{"errors":[{"code":') ? [] : ["no errors"]),
    ];
  }

  return {
    judge(asked, answer) {
      const { method, target } = asked;
      const found = find(target);
      const operation =
        method === "POST" ? found?.item.post : /^(?:GET|HEAD)$/.test(method) ? found?.item.get : undefined;
      if (found === undefined || operation === undefined) return judgeOther(asked, answer, found !== undefined);
      const documented = operation.responses[answer.status];
      if (documented === undefined) return ["undocumented status"];
      const code = /^\{"errors":\[\{"code":"(\w+)"/.exec(answer.body)?.[1] ?? "";
      if (method !== "HEAD") seen.add(`${method} ${found.path} ${answer.status} ${code}`.trim());
      const examples = documented.content?.["application/json"]?.examples ?? {};
      return [
        ...(code !== "" && !Object.hasOwn(examples, code) ? [`undocumented code ${code}`] : []),
        ...judgeHeaders(documented, answer),
        ...judgeBody(method, documented, answer),
      ];
    },
    unseen() {
      const all = Object.entries(document.paths).flatMap(([path, item]) =>
        (["get", "post"] as const).flatMap((method) =>
          Object.entries(item[method]?.responses ?? {}).flatMap(([status, { content }]) => {
            const codes = Object.keys(content?.["application/json"]?.examples ?? { "": undefined });
            return codes.map((code) => `${method.toUpperCase()} ${path} ${status} ${code}`.trim());
          }),
        ),
      );
      return all.filter((line) => !seen.has(line) && !/ 500(?: |$)/.test(line) && !spares(line));
    },
  };
}
