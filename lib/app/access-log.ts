import { parseAuthorization } from "../auth/authorization.ts";
import { type AddressSet, contains } from "../config/addresses.ts";
import type { Service } from "../http/connection.ts";
import { headerIn } from "../http/fields.ts";
import type { HeadFault, RequestHead } from "../http/request-head.ts";
import { clientAddress } from "./client-address.ts";
import { countBody } from "./counted-body.ts";
import type { RequestIds } from "./request-ids.ts";
import { isGuarded } from "./service.ts";
import { parseTarget } from "./target.ts";

/** One request and its answer, whatever form its line will have. */
export interface Access {
  readonly request: RequestHead | HeadFault;
  readonly id: string | undefined;
  /** Who asks, as far as that is known, and who is at the other end of the connection. */
  readonly client: string;
  readonly peer: string;
  /** The name of a user whose password was looked at and found right. */
  readonly user: string | undefined;
  readonly status: number;
  /** Bytes of the body that were sent. */
  readonly size: number;
  /** Seconds from the whole head to the end of the answer; undefined for a request that can't be read. */
  readonly duration: number | undefined;
}

/** Writes the line of a request. */
export type AccessWriter = (access: Access) => void;

interface AccessOptions {
  readonly write: AccessWriter;
  readonly ids: RequestIds;
  readonly trustedProxies: AddressSet;
  /** Whether clients are asked for a password. */
  readonly asksForPasswords: boolean;
}

const STATUS_AT = "HTTP/1.1 ".length;

/** Statuses before anybody has looked at the password, or after it was found wrong. */
const NOT_ADMITTED: ReadonlySet<number> = new Set([401, 405, 429, 500]);

function userIn({ fields, target }: RequestHead, status: number): string | undefined {
  if (NOT_ADMITTED.has(status) || !isGuarded(parseTarget(target).route)) return undefined;
  const sent = headerIn(fields, "authorization");
  const authorization = sent === undefined ? undefined : parseAuthorization(sent);
  if (authorization?.scheme !== "basic") return undefined;
  const [name] = Buffer.from(authorization.credentials).toString("utf8").split(":", 1);
  return name;
}

/** Tells of each request: who asked, for what, how it ended, and how long it took. */
export function withAccessLog(service: Service, options: AccessOptions): Service {
  const { write, ids, trustedProxies, asksForPasswords } = options;

  const clientOf = (head: RequestHead, peer: string): string =>
    contains(trustedProxies, peer)
      ? (clientAddress((name) => headerIn(head.fields, name), peer, trustedProxies) ?? peer)
      : peer;

  const tell = (request: RequestHead, peer: string, status: number, size: number, began: number): void =>
    write({
      request,
      id: ids.of(request),
      client: clientOf(request, peer),
      peer,
      user: asksForPasswords ? userIn(request, status) : undefined,
      status,
      size,
      duration: (performance.now() - began) / 1000,
    });

  return {
    ...service,
    answerNow(head, peer) {
      const began = performance.now();
      const answer = service.answerNow(head, peer);
      if (answer !== undefined) {
        const status = Number(answer.head.slice(STATUS_AT, STATUS_AT + 3));
        tell(head, peer, status, answer.body.length, began);
      }
      return answer;
    },
    async answer(head, peer, isExtra) {
      const began = performance.now();
      const response = await service.answer(head, peer, isExtra);
      const isBodiless = head.method === "HEAD";
      return countBody(response, (bytes) => tell(head, peer, response.status, isBodiless ? 0 : bytes, began));
    },
    refuse(fault, peer) {
      return countBody(service.refuse(fault, peer), (size) => {
        const { status } = fault;
        write({
          request: fault,
          id: ids.of(fault),
          client: peer,
          peer,
          user: undefined,
          status,
          size,
          duration: undefined,
        });
      });
    },
  };
}
