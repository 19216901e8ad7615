import type { PreparedAnswer } from "../http/connection.ts";
import { fieldLines, statusLine } from "../http/response.ts";

/** A whole answer as a value: what the rules decide, before any server is asked to send it. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** For Elysia. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body === "" ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) });
}

/** An answer for the connection, which may be kept if it is a redirect. */
export interface Prepared extends PreparedAnswer {
  readonly isRedirect: boolean;
}

/** For the connection, past Elysia. The body is ASCII. */
export function prepare({ status, headers, body }: Answer): Prepared {
  return {
    isRedirect: status === 302,
    head: `${statusLine(status)}${fieldLines(headers)}Content-Length: ${body.length}\r\n`,
    body,
  };
}
