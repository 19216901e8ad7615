/** Finds the address of a client, from the headers of trusted proxies only. */
import type { HeaderGetter } from "../../auth/certificates/headers.ts";
import { type AddressSet, contains, isAddress } from "../../config/addresses.ts";
import { trimmed } from "../../core/white-space.ts";

/** Headers that proxies add, even those that do not name the client. */
const TRACES = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/;

/** One pair of a Forwarded element, and what follows it. */
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*([,;]|$)/y;

/** The address of a hop, which may have a port; undefined for `unknown`, `_hidden` and whatever else is none. */
function addressOf(hop: string): string | undefined {
  const text = trimmed(hop);
  const address = BRACKETED.exec(text)?.[1] ?? IPV4_WITH_PORT.exec(text)?.[1] ?? text;
  return isAddress(address) ? address : undefined;
}

/** The `for` of each element, empty where it has none; undefined for what is malformed. @see RFC 7239 section 4 */
function forwardedFor(text: string): readonly string[] | undefined {
  const hops: string[] = [];
  let hop: string | undefined;
  PAIR.lastIndex = 0;
  for (;;) {
    const [, name, quoted, plain = "", separator] = PAIR.exec(text) ?? [];
    if (name === undefined || separator === undefined) return undefined;
    if (name.toLowerCase() === "for") {
      if (hop !== undefined) return undefined;
      hop = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    }
    if (separator === ";") continue;
    hops.push(hop ?? "");
    hop = undefined;
    if (separator === "") return hops;
  }
}

/** Goes back from hop to hop as long as each is believed about the one before it. */
function farthest(hops: readonly string[], trustedProxies: AddressSet): string | undefined {
  let address: string | undefined;
  for (const hop of hops.toReversed()) {
    address = addressOf(hop);
    if (address === undefined || !contains(trustedProxies, address)) return address;
  }
  return address;
}

/**
 * Returns the address of the client: the peer's or, behind trusted proxies, the right-most one of `X-Forwarded-For` or
 * `Forwarded` that is not a trusted proxy's.
 *
 * @returns undefined where it is unknown: the request came through a proxy that is not trusted or does not name the
 *   client, or its two headers name different clients
 */
export function clientAddress(header: HeaderGetter, peer: string, trustedProxies: AddressSet): string | undefined {
  if (!contains(trustedProxies, peer)) return TRACES.some((name) => header(name) !== undefined) ? undefined : peer;
  const [forwarded, list] = [header("forwarded"), header("x-forwarded-for")];
  const addresses = [
    ...(forwarded === undefined ? [] : [farthest(forwardedFor(forwarded) ?? [], trustedProxies)]),
    ...(list === undefined ? [] : [farthest(list.split(","), trustedProxies)]),
  ];
  if (addresses.length > 0) return addresses.every((address) => address === addresses[0]) ? addresses[0] : undefined;
  return TRACES.some((name) => header(name) !== undefined) ? undefined : peer;
}
