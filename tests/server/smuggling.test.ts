/**
 * Requests that two servers could read in two ways, through real proxies with the sample configurations of deploy/: each
 * client gets the answers to its own requests, and craned sees no request that the proxy does not know of.
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { converse } from "../fuzz/requests/conversation.ts";
import { startApache } from "../harness/apache.ts";
import { AUTHORITY, scratchCertificates } from "../harness/certificates.ts";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { startHaproxy } from "../harness/haproxy.ts";
import { freePort, startNginxWith } from "../harness/nginx.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { v2 } from "../harness/redirect-files.ts";
import { sample } from "../harness/samples.ts";

setDefaultTimeout(30_000);

/** How long a proxy may be silent before the client hangs up, in ms. */
const LULL_MS = 300;

/** Requests of another client after each attempt; proxies use its connection to craned again for these. */
const OTHERS = 3;

const putAway = leftovers();

/** A blind file: the redirect to a tag names the tag, and so the request that it answers. */
const ECHO = v2("echo");
const pathOf = (marker: string): string => `/v2/echo/manifests/${marker}`;

const get = (marker: string, lines = ""): string => `GET ${pathOf(marker)} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`;

/** A request with a body in which there is another request. */
type Attempt = (own: string, hidden: string) => string;

const withBody =
  (lines: string, body: (inner: string) => string): Attempt =>
  (own, hidden) => {
    const sent = body(get(hidden));
    return get(own, lines.replaceAll("LENGTH", String(sent.length))) + sent;
  };

const chunked = (inner: string): string => `0\r\n\r\n${inner}`;
const inChunk = (inner: string): string => `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
const asIs = (inner: string): string => inner;

const TRANSFER_ENCODINGS = [
  ...["Transfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding:\r\n\tchunked"],
  ...[
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: xchunked",
    "X: y\r\n Transfer-Encoding: chunked",
  ],
  ...[
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
  ],
  ...[
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: chunked\x00",
    'Transfer-Encoding: "chunked"',
    "Transfer-encoding: CHUNKED",
  ],
  ...[
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
  ],
  ...["Transfer_Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked"],
  ...[
    "Connection: transfer-encoding\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding:",
  ],
];

const LENGTHS = [
  ...["Content-Length: LENGTH\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: LENGTH"],
  ...[
    "Content-Length: LENGTH\r\nContent-Length: LENGTH",
    "Content-Length: 0, LENGTH",
    "Content-Length: LENGTH, LENGTH",
  ],
  ...[
    "Content-Length: +LENGTH",
    "Content-Length: 0x0",
    "Content-Length: -0",
    "Content-Length: 0 0",
    "Content-Length : LENGTH",
  ],
  ...[
    "Content-Length:\r\n LENGTH",
    "X: y\nContent-Length: LENGTH",
    "X: y\rContent-Length: LENGTH",
    "Content-Length: 00LENGTH",
  ],
  ...[
    "Connection: content-length\r\nContent-Length: LENGTH",
    "Content_Length: LENGTH",
    "Content-Length:",
    "Content-Length: 0;LENGTH",
  ],
  ...["Content-Length: 99999999999999999999", "Content-Length: 18446744073709551616", "Content-Length\x00: LENGTH"],
];

const CHUNKS: Readonly<Record<string, (inner: string) => string>> = {
  "an extension": (inner) => `0;a=b\r\n\r\n${inner}`,
  "an extension with a quoted line end": (inner) => `0;a="\r\n\r\n${inner}"\r\n\r\n`,
  "a bare line feed in an extension": (inner) => `2;\nxx\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
  "a bare line feed behind a size": (inner) => `0\n\r\n${inner}`,
  "bare line feeds only": (inner) => `0\n\n${inner}`,
  "a bare carriage return behind a size": (inner) => `0\r\r\n${inner}`,
  "a size with 0x": (inner) => `0x0\r\n\r\n${inner}`,
  "a size with a sign": (inner) => `+0\r\n\r\n${inner}`,
  "a size with white space": (inner) => ` 0 \r\n\r\n${inner}`,
  "a size beyond 64 bits": (inner) => `10000000000000000\r\n\r\n${inner}`,
  "an empty size": (inner) => `\r\n\r\n${inner}`,
  "a trailer": (inner) => `0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${inner}`,
  "a trailer with a bare line feed": (inner) => `0\r\nX: y\n\r\n${inner}`,
  "more bytes than the size": (inner) => `1\r\nxyz\r\n0\r\n\r\n${inner}`,
};

const line =
  (start: (path: string) => string, lines = "Host: localhost\r\n"): Attempt =>
  (own, hidden) =>
    `${start(pathOf(own))}\r\n${lines}\r\n${get(hidden)}`;

const OTHER: Readonly<Record<string, Attempt>> = {
  "a body that must wait": withBody("Expect: 100-continue\r\nContent-Length: LENGTH\r\n", asIs),
  "an upgrade to h2c": line(
    (path) => `GET ${path} HTTP/1.1`,
    "Host: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
  ),
  "an upgrade to a web socket": line(
    (path) => `GET ${path} HTTP/1.1`,
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
  ),
  "HTTP/0.9": (own, hidden) => `GET ${pathOf(own)}\r\n\r\n${get(hidden)}`,
  "HTTP/1.0 that is kept": line((path) => `GET ${path} HTTP/1.0`, "Connection: keep-alive\r\n"),
  "HTTP/1.0 with chunks": (own, hidden) =>
    `GET ${pathOf(own)} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(get(hidden))}`,
  "HTTP/1.2": line((path) => `GET ${path} HTTP/1.2`),
  "a space in the target": line((path) => `GET ${path} HTTP/1.1 HTTP/1.1`),
  "a tab in the request line": line((path) => `GET\t${path}\tHTTP/1.1`),
  "a NUL in the target": line((path) => `GET ${path}\x00 HTTP/1.1`),
  "a carriage return in the target": line((path) => `GET ${path}\rx HTTP/1.1`),
  "an absolute target": line((path) => `GET http://elsewhere.test${path} HTTP/1.1`),
  "two hosts": line((path) => `GET ${path} HTTP/1.1`, "Host: localhost\r\nHost: elsewhere.test\r\n"),
  "no host": line((path) => `GET ${path} HTTP/1.1`, ""),
  "a folded host": line((path) => `GET ${path} HTTP/1.1`, "Host:\r\n localhost\r\n"),
  "a NUL in a value": line((path) => `GET ${path} HTTP/1.1`, "Host: localhost\r\nX: \x00\r\n"),
  "a header without a colon": line((path) => `GET ${path} HTTP/1.1`, "Host: localhost\r\nX\r\n"),
  "a header that begins with a space": line((path) => `GET ${path} HTTP/1.1`, " X: y\r\nHost: localhost\r\n"),
  "bare line feeds": (own, hidden) => get(own).replaceAll("\r\n", "\n") + get(hidden),
  "empty lines in front": (own, hidden) => `\r\n\r\n${get(own)}\r\n${get(hidden)}`,
  "HEAD with a body": (own, hidden) => withBody("Content-Length: LENGTH\r\n", asIs)(own, hidden).replace("GET", "HEAD"),
  "a body of a GET": withBody("Content-Length: LENGTH\r\n", asIs),
};

const ATTEMPTS: readonly (readonly [name: string, attempt: Attempt])[] = [
  ...TRANSFER_ENCODINGS.flatMap((lines) => [
    [`${lines} and a length over it`, withBody(`Content-Length: LENGTH\r\n${lines}\r\n`, chunked)] as const,
    [`${lines} and a length within it`, withBody(`${lines}\r\nContent-Length: 4\r\n`, inChunk)] as const,
    [`${lines} alone`, withBody(`${lines}\r\n`, chunked)] as const,
  ]),
  ...LENGTHS.map((lines) => [lines, withBody(`${lines}\r\n`, asIs)] as const),
  ...Object.entries(CHUNKS).map(
    ([name, body]) => [`chunks with ${name}`, withBody("Transfer-Encoding: chunked\r\n", body)] as const,
  ),
  ...Object.entries(OTHER),
];

/** Ways to write the path of what is management's. */
const spellingsOf = (path: string): readonly string[] => [
  ...[
    path,
    `${path}/`,
    `/${path}`,
    `/.${path}`,
    `/x/..${path}`,
    `/v2/../..${path}`,
    `/v2/%2e%2e${path}`,
    `/v2/..%2f${path.slice(1)}`,
  ],
  ...[
    `${path}?x`,
    `${path};x`,
    `${path}%20`,
    `${path}%00`,
    `${path}#x`,
    `${path}\\`,
    `\\${path.slice(1)}`,
    `/v2\\..${path}`,
  ],
  ...[
    `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
    `http://localhost${path}`,
    `http://127.0.0.1:5001${path}`,
    `${path}%2f`,
  ],
];

const MANAGEMENT = ["/metrics", "/readyz", "/crane/repositories", "/crane/repositories/v2"];

interface Front {
  readonly port: number;
  readonly craned: Craned;
}

const PROXIES: Readonly<
  Record<string, { readonly program: string; readonly start: (craned: Craned, port: number) => Promise<unknown> }>
> = {
  "nginx.conf": { program: "nginx", start: startNginx },
  "apache.conf": { program: "apache2", start: startApacheInFront },
  "haproxy.cfg": { program: "haproxy", start: startHaproxyInFront },
};

function keysOf() {
  const certificates = scratchCertificates();
  putAway(certificates.close);
  const authority = certificates.make({ name: "authority", extensions: AUTHORITY });
  const server = certificates.make({ name: "localhost", extensions: ["subjectAltName=DNS:localhost"] });
  return {
    server,
    inSamples: {
      "/etc/craned/tls/server.pem": server.certificatePath,
      "/etc/craned/tls/server.key": server.keyPath,
      "/etc/craned/client-ca.pem": authority.certificatePath,
    },
  };
}

async function startNginx(craned: Craned, port: number): Promise<void> {
  const places = { "127.0.0.1:5000": `127.0.0.1:${craned.port}`, "listen 443": `listen 127.0.0.1:${port}` };
  putAway((await startNginxWith(sample("nginx.conf", { ...keysOf().inSamples, ...places }))).stop);
}

async function startApacheInFront(craned: Craned, port: number): Promise<void> {
  const places = {
    "127.0.0.1:5000": `127.0.0.1:${craned.port}`,
    // As Debian's ports.conf does.
    "<VirtualHost *:443>": `Listen 127.0.0.1:${port}\n<VirtualHost *:${port}>`,
  };
  putAway((await startApache(sample("apache.conf", { ...keysOf().inSamples, ...places }))).stop);
}

async function startHaproxyInFront(craned: Craned, port: number): Promise<void> {
  const { server } = keysOf();
  const files = scratch({ "haproxy.pem": server.pem + readFileSync(server.keyPath, "utf8") });
  putAway(files.remove);
  const configuration = sample("haproxy.cfg", {
    "/etc/craned/tls/haproxy.pem": join(files.path, "haproxy.pem"),
    "bind :443": `bind 127.0.0.1:${port}`,
    "127.0.0.1:5011": `127.0.0.1:${craned.port}`,
    "127.0.0.1:5012": `127.0.0.1:${craned.port}`,
    "check port 5021": `check port ${craned.managementPort}`,
    "check port 5022": `check port ${craned.managementPort}`,
    "    user haproxy\n    group haproxy\n": "",
  });
  putAway((await startHaproxy(configuration, port)).stop);
}

/** Sends bytes over TLS and listens until the proxy has no more to say. */
const say = async (port: number, bytes: string): Promise<string> =>
  (await converse({ port, isTls: true, pieces: [bytes], isEnough: () => true, lullMs: LULL_MS })).text;

const markersIn = (text: string): readonly string[] =>
  [...text.matchAll(/^Location: http:\/\/cdn\.test\/echo\/manifests\/(\S+)\r$/gim)].map(([, marker = ""]) => marker);

/** What an attempt made craned read, by its access log. */
const readBy = (craned: Craned, attempt: number): readonly string[] =>
  craned.log().flatMap((each) => new RegExp(`/manifests/((?:own|hidden)-${attempt})"`).exec(each)?.[1] ?? []);

for (const [name, { program, start }] of Object.entries(PROXIES)) {
  describeWith([program, "openssl"], `deploy/${name}`, () => {
    let front: Front;
    beforeAll(async () => {
      const data = scratch({ "echo.json": ECHO });
      putAway(data.remove);
      const craned = await serveDirectory(data.path, { args: ["--log-access", "--trusted-proxies", "127.0.0.1"] });
      putAway(craned.stop);
      front = { craned, port: freePort() };
      await start(craned, front.port);
      while (!(await say(front.port, get("ready"))).includes("302")) await Bun.sleep(50);
    });

    test.each(
      [...ATTEMPTS.entries()].map(([number, [what, attempt]]) => [JSON.stringify(what), number, attempt] as const),
    )("%s: each client gets its own answers", async (_, number, attempt) => {
      const { craned, port } = front;
      const [own, hidden] = [`own-${number}`, `hidden-${number}`];
      const answers = await say(port, attempt(own, hidden));
      for (let other = 0; other < OTHERS; other++) {
        const marker = `other-${other}-${number}`;
        const heard = await converse({ port, isTls: true, pieces: [get(marker, "Connection: close\r\n")] });
        expect(markersIn(heard.text)).toEqual([marker]);
      }
      // The last of the others is logged after all that came before it.
      await craned.logged((each) => each.includes(`other-${OTHERS - 1}-${number}"`));
      const read = readBy(craned, number);
      expect([...markersIn(answers)].sort()).toEqual([...read].sort());
      expect(read.length).toBeLessThanOrEqual(2);
    });

    test.each(MANAGEMENT.flatMap((path) => spellingsOf(path).map((spelling) => [spelling] as const)))(
      "%s does not lead to management",
      async (target) => {
        const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n`;
        const text = await say(front.port, request);
        expect(text).toMatch(/^HTTP\/1\.[01] (?:30\d|4\d\d) /);
        expect(text).not.toMatch(/craned_|"status"|team|process_/);
      },
    );
  });
}

describe("the registry's own port", () => {
  let craned: Craned;
  beforeAll(async () => {
    const data = scratch({ "echo.json": ECHO });
    putAway(data.remove);
    craned = await serveDirectory(data.path);
    putAway(craned.stop);
  });

  test.each(MANAGEMENT.flatMap((path) => spellingsOf(path).map((spelling) => [spelling] as const)))(
    "%s does not lead to management",
    async (target) => {
      const pieces = [`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`];
      const { text } = await converse({ port: craned.port, isTls: false, pieces });
      expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    },
  );
});
