import type { PreparedAnswer } from "../http/connection.ts";
import { fieldLines, statusLine } from "../http/response.ts";
import type { Route } from "./target.ts";

/** A whole answer as a value: what the rules decide, before any server is asked to send it. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Of a v2 error: what the body says to programs. */
  readonly code?: string;
}

/** The codes of responses that are v2 errors, for those who count. */
const codes = new WeakMap<Response, string>();

export const codeOf = (response: Response): string | undefined => codes.get(response);

/** For Elysia. */
export function toResponse({ status, headers, body, code }: Answer): Response {
  const fields = headers.map(([name, value]): [string, string] => [name, value]);
  const response = new Response(body === "" ? null : body, { status, headers: fields });
  if (code !== undefined) codes.set(response, code);
  return response;
}

/** An answer for the connection, and what sort of answer it is. */
export interface Prepared extends PreparedAnswer {
  readonly route: Route;
  readonly status: number;
  readonly code: string | undefined;
}

const headOf = ({ status, headers, body }: Answer): string =>
  `${statusLine(status)}${fieldLines(headers)}Content-Length: ${body.length}\r\n`;

/** Most errors are the same each time. */
const headsOfErrors = new WeakMap<Answer, string>();

function headOfError(answer: Answer): string {
  const known = headsOfErrors.get(answer);
  if (known !== undefined) return known;
  const head = headOf(answer);
  headsOfErrors.set(answer, head);
  return head;
}

/** For the connection, past Elysia. The body is ASCII. */
export function prepare(answer: Answer, route: Route): Prepared {
  const { status, body, code } = answer;
  return { route, status, code, head: code === undefined ? headOf(answer) : headOfError(answer), body };
}
