/** What breaks a request, in HTTP's way and in any. Texts are one character a byte. */
import type { Random } from "../random.ts";

/** Bytes that mean something to somebody. */
const PIECES = [
  ...[
    "\0",
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\t",
    " ",
    "  ",
    "/",
    "//",
    "/../",
    "/./",
    "..",
    "\\",
    "%",
    "%00",
    "%0d%0a",
  ],
  ...[
    "%2e%2e%2f",
    "%2F",
    "%zz",
    "?",
    "#",
    "&",
    "=",
    "@",
    ":",
    ";",
    ",",
    '"',
    "'",
    "<fuzz>",
    "{}",
    "\xff\xfe",
    "\xc3\xa9",
  ],
  ...[
    "\xed\xa0\x80",
    "\xef\xbb\xbf",
    "\xf0\x9f\x92\xa9",
    "\x7f",
    "\x0b",
    "\x0c",
    "\x85",
    "\xa0",
    "\xe2\x80\xa8",
    "~",
    "|",
  ],
  ...[
    " HTTP/1.1\r\n",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/1.1",
    "Host: h\r\n",
    "\r\nX-Evil: 1\r\n",
    "%0d%0aX-Evil:%201",
    "*",
  ],
  ...[
    "/v2/",
    "/manifests/",
    "/blobs/",
    "/tags/list",
    "/v1/",
    "sha256:",
    "__proto__",
    "constructor",
    "http://",
    "$&",
    "[",
    "]",
  ],
];

/** Two readers could find two ends of one request in these. */
const FRAMING = [
  ...["Content-Length: 0", "Content-Length: 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5, 5"],
  ...[
    "Content-Length: -1",
    "Content-Length: 5 5",
    "Content-Length:",
    "Content-Length: 1e1",
    "Content-Length : 5",
    "Content-Length: 00003",
  ],
  ...[
    "Content-Length: 999999999999999",
    "Content-Length: 99999999999999999999",
    "content-length:\t3",
    "Content_Length: 3",
  ],
  ...[
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
  ],
  ...[
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  ],
  ...[
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: chunked;q=1",
    'Transfer-Encoding: "chunked"',
    "X: y\r\n Transfer-Encoding: chunked",
  ],
  ...[
    "Host: a\r\nHost: b",
    "Host : a",
    " Host: a",
    "Host: a b",
    "Connection: close, keep-alive",
    "Connection: Close",
    "Connection: content-length",
  ],
  ...[
    "Expect: 100-continue",
    "Upgrade: websocket",
    "X: y\n",
    "X: y\r",
    ": x",
    "no colon",
    "X\0: y",
    "X: \0",
    "\xe9: x",
    "Trailer: x",
  ],
];

const CHUNKS = [
  "3\r\nabc\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "ffffffff\r\n",
  "3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
  "-1\r\n",
  "\r\n",
];

/** Lengths at which a bound may be off by one. */
const LENGTHS = [1, 255, 256, 300, 4095, 4096, 8170, 8191, 8192, 8193, 65_535];

type Mutation = (text: string, random: Random, other: () => string) => string;

const cut = (text: string, at: number, length: number, put: string): string =>
  text.slice(0, at) + put + text.slice(at + length);

const placeIn = (text: string, { next }: Random): number => next(text.length + 1);

/** A place right behind a line's end. */
function lineIn(text: string, random: Random): number {
  const end = text.indexOf("\n", placeIn(text, random));
  return end === -1 ? text.length : end + 1;
}

const MUTATIONS: readonly Mutation[] = [
  (text, random) => cut(text, placeIn(text, random), 0, random.pick(PIECES)),
  (text, random) => cut(text, placeIn(text, random), random.next(4), random.pick(PIECES)),
  (text, random) => cut(text, placeIn(text, random), 1, String.fromCharCode(random.next(256))),
  (text, random) => {
    const at = random.next(text.length);
    return cut(text, at, 1, String.fromCharCode(text.charCodeAt(at) ^ (1 << random.next(8))));
  },
  (text, random) => cut(text, placeIn(text, random), 1 + random.next(random.pick([2, 8, 64])), ""),
  (text, random) => {
    const at = placeIn(text, random);
    const piece = text.slice(at, at + 1 + random.next(40));
    return cut(text, at, 0, piece.repeat(1 + random.next(3)));
  },
  (text, random, other) => {
    const from = other();
    return text.slice(0, placeIn(text, random)) + from.slice(placeIn(from, random));
  },
  (text, random) => text.slice(0, placeIn(text, random)),
  (text, random) => {
    const at = random.next(text.length);
    return cut(text, at, 1, `%${text.charCodeAt(at).toString(16).padStart(2, "0")}`);
  },
  (text, random) => cut(text, lineIn(text, random), 0, `${random.pick(FRAMING)}\r\n`),
  (text, random) => cut(text, lineIn(text, random), 0, `${random.pick(FRAMING)}\r\n${random.pick(FRAMING)}\r\n`),
  (text, random) =>
    `${text.slice(0, lineIn(text, random))}Transfer-Encoding: chunked\r\n\r\n${random.pick(CHUNKS)}${text}`,
  (text, random) =>
    cut(text, placeIn(text, random), 0, random.pick(["a", "/", "%20", "-", "1"]).repeat(random.pick(LENGTHS))),
  (text, random) => cut(text, lineIn(text, random), 0, "X: y\r\n".repeat(random.pick([1, 97, 98, 99, 100, 101]))),
  (text, random) =>
    random.once(2) ? text.replace("\r\n", "\n") : text.replaceAll("\r\n", random.pick(["\n", "\r", "\r\r\n"])),
  (text) => text.replace(" HTTP/1.1", " HTTP/1.0"),
  (text) => text.toLowerCase(),
];

/** @param other another request to take parts of */
export function mutated(text: string, random: Random, other: () => string): string {
  let result = text;
  for (let times = 1 + random.next(3); times > 0 && result !== ""; times--) {
    result = random.pick(MUTATIONS)(result, random, other);
  }
  return result;
}

/** Bytes without any sense. */
export function rawBytes({ next, join, pick, once }: Random): string {
  const length = 1 + next(once(50) ? 20_000 : 300);
  if (once(3)) return join(1 + next(60), () => pick(PIECES));
  return join(length, () => String.fromCharCode(next(256)));
}
