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

/** For the connection, past Elysia. The body is ASCII. */
export function prepare({ status, headers, body }: Answer): PreparedAnswer {
  return { head: `${statusLine(status)}${fieldLines(headers)}Content-Length: ${body.length}\r\n`, body };
}
