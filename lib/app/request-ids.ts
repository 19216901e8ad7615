import { randomBytes } from "node:crypto";
import { type AddressSet, contains } from "../config/addresses.ts";
import type { PreparedAnswer, Service } from "../http/connection.ts";
import type { HeadFault, RequestHead } from "../http/request-head.ts";

/** A request, be it one that can't be read. */
type AnyRequest = RequestHead | HeadFault;

/** The names that requests have in the log, in their answers, and in the logs of the proxies before. */
export interface RequestIds {
  /** Gives a request its name: the one that a trusted proxy has for it, otherwise a new one. @returns the header line */
  readonly give: (request: AnyRequest, fields: string, peer: string) => string;
  /** Keeps the name of the request that was given one last, for one that is not answered at once. */
  readonly keep: (request: AnyRequest) => void;
  /** The name of the request that was given one last, or of one that is kept. */
  readonly of: (request: AnyRequest) => string | undefined;
}

export const REQUEST_ID = "X-Request-Id";

/** Safe in a header and in a log, and long enough for a UUID with something around it. */
const SENT = /(?:^|\n)x-request-id:[ \t]*([\w.:@+/=-]{1,128})[ \t]*\r/gi;

const LINE_START = `${REQUEST_ID}: `;
const LINE_END = "\r\n";
const lineOf = (id: string): string => `${LINE_START}${id}${LINE_END}`;
const idIn = (line: string): string => line.slice(LINE_START.length, -LINE_END.length);

/** What a proxy has sent; two are none, since nobody could say which of them its log has. */
function sentLine(fields: string): string | undefined {
  const [first, second] = fields.matchAll(SENT);
  return first?.[1] === undefined || second !== undefined ? undefined : lineOf(first[1]);
}

/** Digits that change with every request, so that nothing has to be counted out anew for each. */
const LOW_DIGITS = 3;
const LOW = Array.from(
  { length: 16 ** LOW_DIGITS },
  (_, number) => `${number.toString(16).padStart(LOW_DIGITS, "0")}${LINE_END}`,
);

/** Makes ids of what no other process has and of a count: they have to be told apart, and need not be secret. */
export function createRequestIds(trustedProxies: AddressSet): RequestIds {
  const process = `${LINE_START}${randomBytes(6).toString("hex")}-`;
  let count = 0;
  let high = process;
  const kept = new WeakMap<AnyRequest, string>();
  let last: AnyRequest | undefined;
  let lastLine = "";
  const makeLine = (): string => {
    const low = LOW[count % LOW.length] ?? "";
    if (++count % LOW.length === 0) high = `${process}${(count / LOW.length).toString(16)}`;
    return high + low;
  };
  return {
    give(request, fields, peer) {
      const isTrusted = trustedProxies.blocks.length > 0 && contains(trustedProxies, peer);
      lastLine = (isTrusted ? sentLine(fields) : undefined) ?? makeLine();
      last = request;
      return lastLine;
    },
    keep(request) {
      if (request === last) kept.set(request, lastLine);
    },
    of(request) {
      const line = request === last ? lastLine : kept.get(request);
      return line === undefined ? undefined : idIn(line);
    },
  };
}

/** Gives each request an id. @param isSent whether its answer says so, too */
export function withRequestIds(service: Service, ids: RequestIds, isSent: boolean): Service {
  const say = (response: Response, id: string | undefined): Response => {
    if (isSent && id !== undefined) response.headers.set(REQUEST_ID, id);
    return response;
  };
  return {
    ...service,
    answerNow(head, peer): PreparedAnswer | undefined {
      const line = ids.give(head, head.fields, peer);
      const answer = service.answerNow(head, peer);
      if (answer === undefined) ids.keep(head);
      return answer === undefined || !isSent ? answer : { head: answer.head + line, body: answer.body };
    },
    answer: async (head, peer, isExtra) => say(await service.answer(head, peer, isExtra), ids.of(head)),
    refuse(fault, peer) {
      ids.give(fault, "", peer);
      return say(service.refuse(fault, peer), ids.of(fault));
    },
  };
}
