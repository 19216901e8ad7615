/** Which address a request comes from, by the word of trusted proxies. */
import { expect, test } from "bun:test";
import { clientAddress } from "../../lib/app/plugins/client-address.ts";
import { contains, parseAddressSet } from "../../lib/config/addresses.ts";

const setOf = (text: string) => parseAddressSet(text) ?? expect.unreachable();
const PROXIES = setOf("127.0.0.1 10.0.0.0/8 2001:db8:1::/48");
const ALLOWED = setOf("192.0.2.0/24 2001:db8:2::/48");

const list = (value: string) => ({ "X-Forwarded-For": value });
const standard = (value: string) => ({ Forwarded: value });
const CASES: readonly (readonly [what: string, headers: Readonly<Record<string, string>>, isAllowed: boolean])[] = [
  ["that is allowed does", list("192.0.2.7"), true],
  ["that is not allowed does not", list("198.51.100.7"), false],
  ["does not by writing an allowed address in front of its own", list("192.0.2.7, 198.51.100.7"), false],
  ["does through several trusted proxies", list("198.51.100.7, 192.0.2.7, 10.1.1.1, 10.2.2.2"), true],
  ["does not behind a proxy that is not trusted", list("192.0.2.7, 203.0.113.1, 10.1.1.1"), false],
  ["does with a port", list("192.0.2.7:51234"), true],
  ["does over IPv6", list("2001:db8:2::7"), true],
  ["does over IPv6 in brackets, with a port", list("[2001:db8:2::7]:51234, 2001:db8:1::1"), true],
  ["does over IPv4 that is written as IPv6", list("::ffff:192.0.2.7"), true],
  ["does not over IPv6 that is not allowed", list("2001:db8:3::7"), false],
  ["that is unknown does not", list("192.0.2.7, unknown"), false],
  ["does not when the list is empty", list(""), false],
  ["does not when the list ends with nothing", list("192.0.2.7,"), false],
  ["does not when the list is nonsense", list("192.0.2.7 192.0.2.7"), false],
  ["does not when all that is known are proxies", list("10.1.1.1"), false],
  ["does by the standard's header", standard("for=192.0.2.7;proto=https;by=10.1.1.1"), true],
  ["does by the standard's header over IPv6", standard('For="[2001:db8:2::7]:4711"'), true],
  ["does not by an earlier element", standard("for=192.0.2.7, for=198.51.100.7"), false],
  ["does not by an earlier element that swallows the next", standard('for=192.0.2.7;x=", for=198.51.100.7'), false],
  ["does not by two addresses in an element", standard("for=198.51.100.7;for=192.0.2.7"), false],
  ["that hides does not", standard("for=192.0.2.7, for=_hidden"), false],
  ["that an element does not tell of does not", standard("for=192.0.2.7, proto=https"), false],
  ["does when both headers agree", { ...list("192.0.2.7"), ...standard("for=192.0.2.7") }, true],
  [
    "does not by a header that the proxy left as it was",
    { ...list("198.51.100.7"), ...standard("for=192.0.2.7") },
    false,
  ],
  ["does not by the other header left as it was", { ...list("192.0.2.7"), ...standard("for=198.51.100.7") }, false],
  ["does not by a header that can't be read beside one that can", { ...list("192.0.2.7"), ...standard("for=") }, false],
  [
    "does not when a header that can be read is beside one that can't",
    { ...list("x"), ...standard("for=192.0.2.7") },
    false,
  ],
  ["does not by the header of another convention", { "X-Real-IP": "192.0.2.7" }, false],
  ["is the proxy itself when nothing is said", {}, false],
];

test.each(CASES)("a client behind a trusted proxy %s", (_, headers, isAllowed) => {
  const lines = new Headers(headers);
  const address = clientAddress((name) => lines.get(name) ?? undefined, "127.0.0.1", PROXIES);
  expect(address !== undefined && contains(ALLOWED, address)).toBe(isAllowed);
});
