import type { RequestHead } from "../http/request-head.ts";
import { type Accept, parseAccept } from "../core/media-types.ts";
import type { Prepared } from "./answer.ts";
import type { View } from "./registry.ts";

const MAX_ACCEPTS = 64;
const MAX_REDIRECTS = 16_384;
/** One in so many is kept: what is asked for often is soon among them, and what is not costs little. */
const KEPT_ONE_IN = 8;
/** Of what is asked in longer heads nothing is kept: clients send less, and it would cost memory instead of time. */
const MAX_HEAD_LENGTH = 4096;

/** What was answered to clients with one Accept header, by target. */
interface Redirects {
  readonly accept: Accept;
  readonly answers: Map<string, Prepared>;
}

/** A copy: what is cut out of a request keeps all the bytes that came with it in memory, a head of 100 KiB perhaps. */
const detached = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

/**
 * Remembers redirects as they were sent. Clients send a handful of different Accept headers and ask for the same few
 * references; both are bounded, in number and in length, so that a stranger's inventions cost time and not memory. A
 * new snapshot starts afresh.
 */
export function createRedirectMemo() {
  let view: View | undefined;
  let size = 0;
  let offered = 0;
  const byAccept = new Map<string | undefined, Redirects>();
  return {
    for(present: View, header: string | undefined): Redirects {
      if (view !== present || size >= MAX_REDIRECTS || byAccept.size >= MAX_ACCEPTS) {
        byAccept.clear();
        size = 0;
        view = present;
      }
      const known = byAccept.get(header);
      if (known !== undefined) return known;
      const redirects = { accept: parseAccept(header), answers: new Map<string, Prepared>() };
      byAccept.set(header === undefined ? undefined : detached(header), redirects);
      return redirects;
    },
    keep({ answers }: Redirects, { target, fields }: RequestHead, answer: Prepared): void {
      if (++offered % KEPT_ONE_IN !== 0 || target.length + fields.length > MAX_HEAD_LENGTH) return;
      answers.set(detached(target), { ...answer, head: detached(answer.head) });
      size++;
    },
  };
}
