/** The lines of requests, and the names that requests have in them and in their answers. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask, sendRaw } from "../harness/raw.ts";
import { sha256, v5 } from "../harness/redirect-files.ts";

setDefaultTimeout(30_000);

const putAway = leftovers();
const FILE = v5("team/app", { repository: "app", url: "https://cdn.example.com/app/", schema2_data: ["1.0"] });
const data = scratch({ "metadata/app.json": FILE, "content/app/blobs/note": "what it says" });
putAway(data.remove);

async function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Craned> {
  const craned = await serveDirectory(`${data.path}/metadata`, { args, environment });
  putAway(craned.stop);
  return craned;
}

type Line = Readonly<Record<string, unknown>>;

/** The line of the request that has this in its user agent. */
async function lineOf({ logged }: Craned, mark: string): Promise<Line> {
  return JSON.parse(await logged((line) => line.includes(mark)));
}

let marks = 0;
/** Asks with a user agent that nobody else has, and tells the answer and the line. */
async function askAndRead(craned: Craned, target: string, options: Parameters<typeof ask>[2] = {}) {
  const mark = `test/${++marks}.`;
  const answer = await ask(craned.port, target, { ...options, headers: { "User-Agent": mark, ...options.headers } });
  return { answer, line: await lineOf(craned, mark), mark };
}

const MANIFEST = "/v2/team/app/manifests/1.0";
const ID = /^[\da-f]{12}-[\da-f]{3,}$/;

describe("a request's line in the log", async () => {
  const craned = await start(["--log-access", "--log-request-ids", "--trusted-proxies", "127.0.0.1"]);

  test("has OpenTelemetry's names for what it says", async () => {
    const { answer, line, mark } = await askAndRead(craned, MANIFEST, { headers: { Accept: "*/*" } });
    expect(answer.status).toBe(302);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: "info",
      message: "request",
      "client.address": "127.0.0.1",
      "network.peer.address": "127.0.0.1",
      "http.request.method": "GET",
      "url.path": MANIFEST,
      "http.route": "/v2/{name}/manifests/{reference}",
      "http.response.status_code": 302,
      "http.response.body.size": 0,
      "http.server.request.duration": expect.any(Number),
      "user_agent.original": mark,
      "request.id": answer.headers.get("x-request-id"),
    });
  });

  test("has the query apart, and the size of the body", async () => {
    const { answer, line } = await askAndRead(craned, "/v2/team/app/tags/list?n=1&last=0");
    expect(line).toMatchObject({
      "url.path": "/v2/team/app/tags/list",
      "url.query": "n=1&last=0",
      "http.response.body.size": answer.body.length,
    });
  });

  test("has no body for HEAD, and no route for what is nobody's", async () => {
    expect((await askAndRead(craned, "/v2/gone/manifests/1", { method: "HEAD" })).line).toMatchObject({
      "http.request.method": "HEAD",
      "http.response.status_code": 404,
      "http.response.body.size": 0,
    });
    const { line } = await askAndRead(craned, "/nobody/s");
    expect([line["http.response.status_code"], line["http.route"]]).toEqual([404, undefined]);
  });

  test("has the client that a trusted proxy tells, and the proxy as peer", async () => {
    const { line } = await askAndRead(craned, MANIFEST, { headers: { "X-Forwarded-For": "192.0.2.7" } });
    expect([line["client.address"], line["network.peer.address"]]).toEqual(["192.0.2.7", "127.0.0.1"]);
  });

  const TRACE = "0af7651916cd43dd8448eb211c80319c";
  const SPAN = "b7ad6b7169203331";
  test.each([
    [`00-${TRACE}-${SPAN}-01`, TRACE, SPAN],
    [`cc-${TRACE}-${SPAN}-01-what-comes-later`, TRACE, SPAN],
    [`00-${TRACE}-${SPAN}-01-more`, undefined, undefined],
    [`ff-${TRACE}-${SPAN}-01`, undefined, undefined],
    [`00-${"0".repeat(32)}-${SPAN}-01`, undefined, undefined],
    [`00-${TRACE}-${"0".repeat(16)}-01`, undefined, undefined],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined, undefined],
    [`00-${TRACE.slice(1)}-${SPAN}-01`, undefined, undefined],
    ["nonsense", undefined, undefined],
  ])("of a traceparent %s is of trace %s, span %s", async (traceparent, trace, span) => {
    const { line } = await askAndRead(craned, MANIFEST, { headers: { traceparent } });
    expect([line["trace_id"], line["span_id"]]).toEqual([trace, span]);
  });
});

test("nobody is believed who is no trusted proxy, neither about the client nor about the id", async () => {
  const craned = await start(["--log-access", "--log-request-ids"]);
  const headers = { "X-Forwarded-For": "192.0.2.7", "X-Request-Id": "mine" };
  const { answer, line } = await askAndRead(craned, MANIFEST, { headers });
  expect(line["client.address"]).toBe("127.0.0.1");
  expect(answer.headers.get("x-request-id")).toMatch(ID);
});

describe("a request's id", async () => {
  const craned = await start(["--log-access", "--log-request-ids", "--trusted-proxies", "127.0.0.1"]);
  const idFor = async (headers: Readonly<Record<string, string>>) =>
    (await askAndRead(craned, MANIFEST, { headers })).answer.headers.get("x-request-id");

  const taken = [
    "1",
    "7d9c0a52-3f6e-4c3e-9d3a-0d0f6c1f7d11",
    "Root=1-67891233-abcdef012345678912345678",
    "x".repeat(128),
  ];
  test.each(taken)("is the one of a trusted proxy: %s", async (id) => {
    expect(await idFor({ "X-Request-Id": id })).toBe(id);
    expect(await idFor({ "x-request-ID": id })).toBe(id);
  });

  const not = ["", "x".repeat(129), "two words", 'a"b', "a,b", "a;b", "é", "<script>"];
  test.each(not)("is none that could do harm: %p", async (id) => {
    expect(await idFor({ "X-Request-Id": id })).toMatch(ID);
  });

  test("is none of two", async () => {
    expect(await idFor({ "X-Request-Id": "one", "x-request-id": "two" })).toMatch(ID);
  });

  test("is another for every request, on whatever way it is answered", async () => {
    const paths = [MANIFEST, "/v2/team/app/tags/list", "/v2/", "/healthz", "/v2/gone/manifests/1", "/nobody/s"];
    const count = 9000;
    const request = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: h\r\nUser-Agent: many\r\n${more}\r\n`;
    const all = Array.from({ length: count }, (_, each) => request(paths[each % paths.length] ?? "/"));
    const answers = await sendRaw(craned.port, `${all.join("")}${request("/", "Connection: close\r\n")}`);
    const ids = answers.map(({ headers }) => headers.get("x-request-id") ?? "");
    expect(ids.filter((id) => !ID.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(count + 1);
    const last = ids.at(-1) ?? "";
    await craned.logged((line) => line.includes(last));
    const logged = craned.log().filter((line) => line.includes('"many"'));
    expect(logged.map((line) => JSON.parse(line)["request.id"]).sort()).toEqual(ids.sort());
  });
});

test("clients are told no ids unless that is wanted, and the log has them all the same", async () => {
  const craned = await start(["--log-access"]);
  for (const target of [MANIFEST, "/v2/team/app/tags/list"]) {
    const { answer, line } = await askAndRead(craned, target);
    expect([answer.headers.has("x-request-id"), line["request.id"]]).toEqual([false, expect.stringMatching(ID)]);
  }
});

describe("httpd's formats", () => {
  const TIME = String.raw`\[\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d \+0545\]`;
  const lineWith = ({ logged }: Craned, mark: string) => logged((line) => line.includes(mark) && !line.startsWith("{"));
  const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

  test("common: client, user, local time, request, status and size", async () => {
    const craned = await start(["--log-access", "--log-access-format", "common"], { TZ: "Asia/Kathmandu" });
    await ask(craned.port, `${MANIFEST}?one`, { headers: { Accept: "*/*" } });
    await ask(craned.port, "/v2/team/app/tags/list?two", { headers: { "User-Agent": "not here" } });
    const [one, two] = [await lineWith(craned, "?one"), await lineWith(craned, "?two")];
    expect(one).toMatch(
      new RegExp(`^127\\.0\\.0\\.1 - - ${TIME} "GET ${literally(MANIFEST)}\\?one HTTP/1\\.1" 302 -$`),
    );
    expect(two).toMatch(
      new RegExp(`^127\\.0\\.0\\.1 - - ${TIME} "GET /v2/team/app/tags/list\\?two HTTP/1\\.1" 200 34$`),
    );
  });

  test("combined: referrer and user agent, too", async () => {
    const craned = await start(["--log-access", "--log-access-format", "combined"], { TZ: "Asia/Kathmandu" });
    const headers = { "User-Agent": "docker/24.0.1 (linux)", Referer: "https://example.com/" };
    await ask(craned.port, "/one", { headers });
    await ask(craned.port, "/two");
    expect(await lineWith(craned, "/one")).toEndWith(' 404 9 "https://example.com/" "docker/24.0.1 (linux)"');
    expect(await lineWith(craned, "/two")).toEndWith(' 404 9 "-" "-"');
  });

  test("nothing that a client sends ends a field or a line", async () => {
    const craned = await start(["--log-access", "--log-access-format", "combined"]);
    await ask(craned.port, "/forged", { headers: { "User-Agent": 'a" 200 1\t\\ é "b' } });
    expect(await lineWith(craned, "/forged")).toEndWith(' "-" "a\\x22 200 1\\x09\\x5c \\xe9 \\x22b"');
    expect(craned.log().filter((line) => /[^ -~]/.test(line))).toEqual([]);
  });

  test("a user's name is there once the password was found right, and only then", async () => {
    const hash = Bun.password.hashSync("right", { algorithm: "bcrypt", cost: 4 });
    const users = data.write("users", `a b:${hash}\n`);
    const craned = await start(["--log-access", "--log-access-format", "common", "--auth-htpasswd", users]);
    const basic = (password: string) => ({ Authorization: `Basic ${btoa(`a b:${password}`)}` });
    await ask(craned.port, `${MANIFEST}?right`, { headers: basic("right") });
    await ask(craned.port, `${MANIFEST}?wrong`, { headers: basic("wrong") });
    await ask(craned.port, "/healthz?unasked", { headers: basic("wrong") });
    await ask(craned.port, `${MANIFEST}?post`, { method: "POST", headers: basic("wrong") });
    expect(await lineWith(craned, "?right")).toStartWith("127.0.0.1 - a\\x20b [");
    for (const mark of ["?wrong", "?unasked", "?post"])
      expect(await lineWith(craned, mark)).toStartWith("127.0.0.1 - - [");
  });
});

test("a file that is served is logged with the bytes that were sent of it", async () => {
  const digest = sha256("x".repeat(700_000));
  data.write(`content/app/blobs/${digest}`, "x".repeat(700_000));
  const content = ["--serve-content-enable", "--serve-content-content-dir-v2", `${data.path}/content`];
  const craned = await start(["--log-access", "--log-request-ids", ...content]);
  const { answer, line } = await askAndRead(craned, `/v2/team/app/blobs/${digest}`);
  expect([answer.status, answer.body.length, line["http.response.body.size"]]).toEqual([200, 700_000, 700_000]);
  expect(line["request.id"]).toBe(answer.headers.get("x-request-id"));
  const head = await askAndRead(craned, `/v2/team/app/blobs/${digest}`, { method: "HEAD" });
  expect(head.line).toMatchObject({ "http.response.status_code": 200, "http.response.body.size": 0 });
  const range = await askAndRead(craned, `/v2/team/app/blobs/${digest}`, { headers: { Range: "bytes=0-9" } });
  expect(range.line).toMatchObject({ "http.response.status_code": 206, "http.response.body.size": 10 });
});

test.each(["structured", "common"])("no line is lost when the server stops: %s", async (format) => {
  const craned = await start(["--log-access", "--log-access-format", format]);
  const request = (each: number, more = "") => `GET /v2/stop/${each} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
  const all = Array.from({ length: 5000 }, (_, each) => request(each));
  const asking = sendRaw(craned.port, `${all.join("")}${request(5000, "Connection: close\r\n")}`);
  await craned.logged((line) => line.includes("/v2/stop/0"));
  craned.signal("SIGTERM");
  const answered = (await asking).length;
  expect(await craned.exited).toBe(0);
  // What it wrote is whole when its streams have ended.
  await craned.logged(() => false).catch(() => {});
  // Of pipelined requests, the last answers may be cut off on their way.
  expect(answered).toBeGreaterThan(0);
  expect(craned.log().filter((line) => line.includes("/v2/stop/")).length).toBeGreaterThanOrEqual(answered);
});
