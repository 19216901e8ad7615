/** HTTP/1.1 as it is on the wire: whole, broken, in pieces, one request after another. */
import { describe, expect, test } from "bun:test";
import { scratch, serveDirectory, servedForAll } from "./harness/craned.ts";
import { type RawAnswer, sendRaw } from "./harness/raw.ts";

const served = servedForAll({
  "app.json": {
    version: 5,
    repository: "app",
    "repo-registry-id": "app",
    url: "http://cdn.test/app/",
    schema2_data: ["1.0"],
  },
});

const HOST = "Host: h\r\n";
const END = `${HOST}Connection: close\r\n\r\n`;
const TAG = "/v2/app/manifests/1.0";
const LIST = "/v2/app/tags/list";

describe("a broken request", () => {
  const ROWS: readonly (readonly [what: string, request: string, status: number])[] = [
    ["no Host in HTTP/1.1", `GET /v2/ HTTP/1.1\r\n\r\n`, 400],
    ["two Hosts", `GET /v2/ HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ["a Host that could end a header line", `GET /v2/ HTTP/1.1\r\nHost: a b\r\n\r\n`, 400],
    ["HTTP/2.0 in a line", `GET /v2/ HTTP/2.0\r\n${HOST}\r\n`, 400],
    ["two spaces", `GET  /v2/ HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["no version", `GET /v2/\r\n${HOST}\r\n`, 400],
    ["a NUL in the target", `GET /v2/\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a byte above ASCII in the target", `GET /v2/\xe9 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a fragment", `GET /v2/#x HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a header line without a colon", `GET /v2/ HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`, 400],
    ["a space before the colon", `GET /v2/ HTTP/1.1\r\n${HOST}Accept : x\r\n\r\n`, 400],
    ["a folded header line", `GET /v2/ HTTP/1.1\r\n${HOST}Accept: x\r\n y\r\n\r\n`, 400],
    ["a lone LF", `GET /v2/ HTTP/1.1\n${HOST}\n`, 400],
    ["a lone LF within a header", `GET /v2/ HTTP/1.1\r\n${HOST}X: a\nb\r\n\r\n`, 400],
    ["a NUL in a header", `GET /v2/ HTTP/1.1\r\n${HOST}X: \0\r\n\r\n`, 400],
    ["a length that is no number", `POST /v2/ HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, 400],
    ["two lengths", `POST /v2/ HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`, 400],
    [
      "a length and chunks",
      `POST /v2/ HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ["an unknown coding", `POST /v2/ HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 400],
    ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["a target that is no path", `GET v2 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a too long line", `GET /v2/${"a".repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ["a line without an end", `GET /v2/${"a".repeat(9000)}`, 414],
    ["too long headers", `GET /v2/ HTTP/1.1\r\n${HOST}X: ${"a".repeat(140_000)}\r\n\r\n`, 431],
    ["headers without an end", `GET /v2/ HTTP/1.1\r\n${HOST}X: ${"a".repeat(140_000)}`, 431],
    ["too many headers without an end", `GET /v2/ HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(102)}`, 431],
    ["empty lines without an end", "\r\n".repeat(5000), 400],
    ["too many headers", `GET /v2/ HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(101)}\r\n`, 431],
  ];
  for (const [what, request, status] of ROWS) {
    test(`${what} is answered ${status}, and is the connection's last`, async () => {
      const answers = await sendRaw(served.port(), request);
      expect(answers.map((each) => each.status)).toEqual([status]);
      const [answer] = answers;
      expect(answer?.headers.get("connection")).toBe("close");
      const isV2 = request.includes(" /v2/") && !request.startsWith("GET  ");
      expect(answer?.headers.get("content-type")).toBe(isV2 ? "application/json" : "text/plain; charset=utf-8");
      if (isV2) expect(JSON.parse(answer?.body ?? "").errors[0].detail.reason).toBeString();
    });
  }

  test("is not taken for what comes before it on the connection", async () => {
    const answers = await sendRaw(served.port(), `GET ${TAG} HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\nbroken\r\n\r\n`);
    expect(answers.map((each) => each.status)).toEqual([302, 400]);
  });
});

const statuses = (answers: readonly RawAnswer[]): readonly number[] => answers.map((each) => each.status);

describe("a connection", () => {
  const request = (target: string, rest = HOST) => `GET ${target} HTTP/1.1\r\nAccept: */*\r\n${rest}`;

  test("carries requests in order, whether answered at once or later", async () => {
    const batch = [TAG, LIST, TAG, "/v2/none/tags/list", TAG].map((target) => `${request(target)}\r\n`);
    const answers = await sendRaw(served.port(), batch.join("") + request("/v2/", END));
    expect(statuses(answers)).toEqual([302, 200, 302, 404, 302, 200]);
  });

  test("takes a thousand pipelined requests", async () => {
    const answers = await sendRaw(served.port(), `${request(TAG)}\r\n`.repeat(999) + request(TAG, END));
    expect(statuses(answers)).toEqual(new Array(1000).fill(302));
  });

  test("takes requests byte by byte", async () => {
    const whole = `${request(TAG)}\r\n${request(LIST)}\r\n${request(TAG, END)}`;
    const socket = await openSocket(served.port());
    for (const byte of Buffer.from(whole, "latin1")) await socket.send(Buffer.from([byte]));
    expect((await socket.ended).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 302", "HTTP/1.1 200", "HTTP/1.1 302"]);
  });

  test("passes over bodies that nobody wants, and reads on behind them", async () => {
    const post = `POST /v1/users HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\nGET /v1/ HT`;
    expect(statuses(await sendRaw(served.port(), `${post}${post}${request(TAG, END)}`))).toEqual([201, 201, 302]);
  });

  test("ends after a body in chunks, which it does not read", async () => {
    const post = `POST /v1/users HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
    const answers = await sendRaw(served.port(), `${post}${request(TAG, END)}`);
    expect(statuses(answers)).toEqual([201]);
    expect(answers[0]?.headers.get("connection")).toBe("close");
  });

  test("of HTTP/1.0 ends, unless it is asked to stay", async () => {
    const old = `GET ${TAG} HTTP/1.0\r\nAccept: */*\r\n`;
    expect(statuses(await sendRaw(served.port(), `${old}\r\n${old}\r\n`))).toEqual([302]);
    const kept = await sendRaw(served.port(), `${old}Connection: Keep-Alive\r\n\r\n${old}\r\n`);
    expect(statuses(kept)).toEqual([302, 302]);
    expect(kept[0]?.headers.get("connection")).toBe("keep-alive");
  });

  test("takes empty lines before a request, and targets with a host in them", async () => {
    expect(statuses(await sendRaw(served.port(), `\r\n\r\n${request(`http://other:80${TAG}`, END)}`))).toEqual([302]);
  });

  test("has a date in each answer", async () => {
    const [answer] = await sendRaw(served.port(), request(TAG, END));
    expect(new Date(answer?.headers.get("date") ?? "").getTime()).toBeWithin(Date.now() - 60_000, Date.now() + 60_000);
  });
});

describe("a stop", () => {
  test("lets a client that reads slowly have its answer, ends idle connections, and exits 0", async () => {
    const tags = Array.from({ length: 200_000 }, (_, number) => `tag-${number}`);
    const own = scratch({
      "big.json": {
        version: 5,
        repository: "r",
        "repo-registry-id": "big",
        url: "http://cdn.test/",
        schema2_data: tags,
      },
    });
    const stopped = await serveDirectory(own.path);
    const idle = await openSocket(stopped.port);
    const slow = await openSocket(stopped.port);
    await slow.send(Buffer.from(`GET /v2/big/tags/list HTTP/1.1\r\n${HOST}\r\n`));
    await slow.first;
    stopped.signal("SIGTERM");
    await stopped.logged((line) => line.includes("stopping"));
    expect(await idle.ended).toBe("");
    const answer = await slow.ended;
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)).tags.length).toBe(tags.length);
    expect(await stopped.exited).toBe(0);
    own.remove();
  });
});

/** A socket in the hands of the test. */
function openSocket(port: number): Promise<{
  readonly send: (bytes: Buffer) => Promise<void>;
  readonly first: Promise<void>;
  readonly ended: Promise<string>;
}> {
  const chunks: Buffer[] = [];
  return new Promise((resolveOpen) => {
    let onFirst = () => {};
    const first = new Promise<void>((resolve) => {
      onFirst = resolve;
    });
    const ended = new Promise<string>((resolveEnd) => {
      void Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          open: (socket) => {
            socket.setNoDelay(true);
            resolveOpen({
              send: async (bytes) => {
                socket.write(bytes);
                await new Promise((resolve) => setImmediate(resolve));
              },
              first,
              ended,
            });
          },
          data: (_socket, bytes) => {
            chunks.push(Buffer.from(bytes));
            onFirst();
          },
          end: (socket) => void socket.end(),
          close: () => resolveEnd(Buffer.concat(chunks).toString("latin1")),
        },
      });
    });
  });
}
