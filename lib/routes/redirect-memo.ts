import { type Accept, parseAccept } from "../media-types.ts";
import type { Prepared } from "./answer.ts";
import type { View } from "./registry.ts";

const MAX_ACCEPTS = 64;
const MAX_REDIRECTS = 16_384;

/** What was answered to clients with one Accept header, by target. */
interface Redirects {
  readonly accept: Accept;
  readonly answers: Map<string, Prepared>;
}

/**
 * Remembers redirects as they were sent. Clients send a handful of different Accept headers and ask for the same few
 * references; both are bounded, so that a stranger's inventions cost time and not memory. A new snapshot starts
 * afresh.
 */
export function createRedirectMemo() {
  let view: View | undefined;
  let size = 0;
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
      byAccept.set(header, redirects);
      return redirects;
    },
    keep({ answers }: Redirects, target: string, answer: Prepared): void {
      answers.set(target, answer);
      size++;
    },
  };
}
