/** A hundred thousand broken requests over raw sockets: no 5xx, no HTML, no end of the server. */
import { expect, test } from "bun:test";
import { servedForAll } from "./harness/craned.ts";
import { ask, sendRaw } from "./harness/raw.ts";

const COUNT = 100_000;
const AT_ONCE = 32;
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_141_119);

const served = servedForAll({
  "app.json": {
    version: 5,
    repository: "a",
    "repo-registry-id": "app",
    url: "http://cdn.test/a/",
    schema2_data: ["1"],
  },
});

/** A small generator of its own (xorshift32), so that a seed names one sequence for ever. */
function createRandom(seed: number) {
  let state = seed || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  return { next, pick: <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item };
}

const METHODS = [
  "GET",
  "GET",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PRI",
  "",
  "G\0T",
  "gét",
];
const PIECES = [
  "/v2/",
  "/v1/",
  "app",
  "/manifests/",
  "/blobs/",
  "/tags/list",
  "/referrers/",
  "/_catalog",
  "/images/",
  "/repositories/",
  "sha256:",
  "a".repeat(64),
  "1",
  "..",
  ".",
  "//",
  "%2f",
  "%2e%2e",
  "%00",
  "%0d%0a",
  "\\",
  "?n=",
  "?last=",
  "&",
  "#",
  "%",
  "%zz",
  "\0",
  "\t",
  "\r",
  "\n",
  " ",
  "é",
  "<script>",
  "'",
  '"',
  "{}",
  "*",
  "http://",
  "@",
  ":",
  ";",
  "~",
  "|",
  "x".repeat(300),
];
const VERSIONS = [
  " HTTP/1.1",
  " HTTP/1.1",
  " HTTP/1.1",
  " HTTP/1.0",
  " HTTP/2.0",
  " HTTP/9.9",
  " http/1.1",
  "",
  " ",
  " HTTP/1.1 x",
];
const HEADERS = [
  "Host: h\r\n",
  "Host: h\r\n",
  "Host: \r\n",
  "Host: <>\r\n",
  "Accept: */*\r\n",
  "Accept: ;;q=,=\r\n",
  "Accept:\r\n",
  ": x\r\n",
  "X\r\n",
  "X: \0\r\n",
  " folded\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: x\r\n",
  "Transfer-Encoding: chunked\r\n",
  "X: y\n",
  "X: y\r",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Expect: 100-continue\r\n",
  "Upgrade: h2c\r\n",
  `X: ${"y".repeat(500)}\r\n`,
];

function brokenRequest({ next, pick }: ReturnType<typeof createRandom>): string {
  if (next(20) === 0) return Array.from({ length: 1 + next(200) }, () => String.fromCharCode(next(256))).join("");
  const target = Array.from({ length: 1 + next(7) }, () => pick(PIECES)).join("");
  const headers = Array.from({ length: next(5) }, () => pick(HEADERS)).join("");
  const request = `${pick(METHODS)} ${target}${pick(VERSIONS)}\r\n${headers}\r\n`;
  return next(4) === 0 ? request.slice(0, next(request.length)) : request;
}

const ALLOWED = new Set([200, 201, 302, 400, 404, 405, 414, 431]);

/** What is wrong with the answers to one connection's bytes, if anything. */
async function judge(request: string): Promise<string | undefined> {
  // What is left open by the bytes is ended by a request that is well-formed, or broken by it.
  const answers = await sendRaw(served.port(), `${request}\r\n\r\nbroken\r\n\r\n`).catch(() => undefined);
  if (answers === undefined) return "no connection";
  for (const { status, headers, body } of answers) {
    if (!ALLOWED.has(status)) return `status ${status}`;
    const type = headers.get("content-type") ?? "";
    if (type.includes("html") || body.includes("<!") || body.includes("<html")) return "HTML";
    if (headers.has("docker-distribution-api-version") && status >= 400 && type !== "application/json") return type;
  }
  return undefined;
}

test(`${COUNT} broken requests (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  const wrong: string[] = [];
  let left = COUNT;
  const lane = async () => {
    while (left > 0 && wrong.length < 10) {
      left--;
      const request = brokenRequest(random);
      const verdict = await judge(request);
      if (verdict !== undefined) wrong.push(`${verdict}: ${JSON.stringify(request)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  expect(wrong).toEqual([]);
  const answer = await ask(served.port(), "/v2/app/manifests/1", { headers: { Accept: "*/*" } });
  expect(answer.headers.get("location")).toBe("http://cdn.test/a/manifests/2/1");
  expect(
    served
      .craned()
      .log()
      .filter((line) => line.includes('"error"')),
  ).toEqual([]);
}, 300_000);
