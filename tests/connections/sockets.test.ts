/** Clients that are slow, gone, greedy or too many, on real sockets. */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask, sendRaw } from "../harness/raw.ts";

const HOST = "Host: h\r\n";
const LIST = "/v2/app/tags/list";
const TAG = "/v2/app/manifests/tag-1";
const ACCEPT = "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n";
const requestFor = (target: string, rest = "") => `GET ${target} HTTP/1.1\r\n${HOST}${ACCEPT}${rest}\r\n`;

const putAway = leftovers();

const fileOf = (tags: number) => ({
  version: 5,
  repository: "app",
  "repo-registry-id": "app",
  url: "http://cdn.test/app/",
  schema2_data: Array.from({ length: tags }, (_, number) => `tag-${number}`),
});

async function start(args: readonly string[], { tags = 10, through = [] as readonly string[] } = {}) {
  const data = scratch({ "app.json": fileOf(tags) });
  putAway(data.remove);
  const craned = await serveDirectory(data.path, { args, through });
  putAway(craned.stop);
  return { craned, data };
}

/** Connections that the server has open. */
const socketsOf = ({ pid }: Craned): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(5);
}

const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

/** A client that reads nothing until `read` or `answered` is called. */
async function openClient(port: number, options: { readonly allowHalfOpen?: boolean } = {}) {
  const socket = connect({ port, host: "127.0.0.1", ...options });
  sockets.push(socket);
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    /** All until the end of the connection. */
    async read(): Promise<string> {
      const chunks: Buffer[] = [];
      socket.on("data", (chunk) => void chunks.push(Buffer.from(chunk)));
      await closed;
      return Buffer.concat(chunks).toString("latin1");
    },
    answered: () => new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(chunk.toString("latin1")))),
  };
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);

describe("limits of heads, as configured", async () => {
  const { craned } = await start([
    ...["--limits-request-line-bytes", "300", "--limits-header-bytes", "2000", "--limits-header-lines", "12"],
  ]);
  const ROWS: readonly (readonly [what: string, request: string, status: number])[] = [
    ["a line just short enough", requestFor(`/v2/${"a".repeat(283)}`, "Connection: close\r\n"), 404],
    ["a longer line", requestFor(`/v2/${"a".repeat(284)}`), 414],
    ["a line without an end", `GET /v2/${"a".repeat(400)}`, 414],
    ["a line of a megabyte", requestFor(`/v2/${"a".repeat(1_000_000)}`), 414],
    ["headers just short enough", requestFor(TAG, `Connection: close\r\nX: ${"a".repeat(1800)}\r\n`), 302],
    ["longer headers", requestFor(TAG, `Connection: close\r\nX: ${"a".repeat(2000)}\r\n`), 431],
    ["headers without an end", `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(3000)}`, 431],
    ["a flood of headers", `GET / HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(100_000)}`, 431],
    ["as many lines as may be", requestFor(TAG, `Connection: close\r\n${"X: a\r\n".repeat(9)}`), 302],
    ["one line more", requestFor(TAG, `Connection: close\r\n${"X: a\r\n".repeat(10)}`), 431],
  ];
  test.each(ROWS)("%s", async (_, request, status) => {
    const answers = await sendRaw(craned.port, request);
    expect(answers.map((each) => each.status)).toEqual([status]);
  });
});

describe("a client that", async () => {
  const times = ["--limits-head-timeout", "1", "--limits-idle-timeout", "1", "--limits-stall-timeout", "1"];
  const { craned } = await start(times, { tags: 20_000 });

  test("sends a byte now and then is cut", async () => {
    const { socket, read } = await openClient(craned.port);
    const dripping = setInterval(() => socket.write("a"), 50);
    socket.write("GET /");
    expect(await read()).toBe("");
    clearInterval(dripping);
  });

  test("sends nothing more has its connection ended", async () => {
    const { socket, read } = await openClient(craned.port);
    socket.write(requestFor(TAG));
    expect(await read()).toStartWith("HTTP/1.1 302");
  });

  test("ends its side after its requests gets the answers, however long they are in coming", async () => {
    const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 8 });
    const users = scratch({ users: `alice:${hash}\n` });
    putAway(users.remove);
    const { craned: asking } = await start(["--auth-htpasswd", `${users.path}/users`], { tags: 20_000 });
    const { socket, read } = await openClient(asking.port, { allowHalfOpen: true });
    const password = `Authorization: Basic ${btoa("alice:secret")}\r\n`;
    socket.end(requestFor(TAG, password) + requestFor(LIST, password));
    const answer = await read();
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 302", "HTTP/1.1 200"]);
    expect(JSON.parse(answer.slice(answer.indexOf('{"name"'))).tags.length).toBe(20_000);
  });

  test("reads its last answer long after the server has ended the connection gets all of it", async () => {
    const before = socketsOf(craned);
    const { socket, read } = await openClient(craned.port);
    socket.write(requestFor(LIST, "Connection: close\r\n"));
    await until(() => socketsOf(craned) > before);
    await until(() => socketsOf(craned) === before);
    expect(JSON.parse(bodyOf(await read())).tags.length).toBe(20_000);
  }, 20_000);

  test("takes nothing of a long answer is cut", async () => {
    const { craned: other } = await start(times, { tags: 1_000_000 });
    const before = socketsOf(other);
    const { socket, read } = await openClient(other.port);
    socket.write(requestFor(LIST));
    await until(() => socketsOf(other) > before);
    await until(() => socketsOf(other) === before);
    expect((await read()).length).toBeLessThan(12_000_000);
  }, 30_000);

  test("goes away in the middle of its answer leaves nothing behind", async () => {
    const before = socketsOf(craned);
    for (let count = 0; count < 20; count++) {
      const { socket } = await openClient(craned.port);
      socket.write(requestFor(LIST).repeat(50));
      socket.resetAndDestroy();
    }
    await until(() => socketsOf(craned) === before);
    expect((await ask(craned.port, "/healthz")).status).toBe(200);
  });
});

describe("over TLS", async () => {
  const data = scratch();
  putAway(data.remove);
  const [key, cert] = [`${data.path}/key.pem`, `${data.path}/cert.pem`];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await Bun.$`openssl req -x509 ${kind} -subj /CN=localhost -keyout ${key} -out ${cert}`.quiet();
  const { craned } = await start(["--tls-certificate", cert, "--tls-key", key, "--limits-head-timeout", "1"]);

  // The first bytes of a ClientHello that is said to be 512 long.
  const HALF_A_HELLO = Buffer.from("1603010200010001fc0303", "hex");
  for (const [what, bytes] of [
    ["sends nothing", Buffer.alloc(0)],
    ["sends half a hello", HALF_A_HELLO],
  ] as const) {
    test(`a client that ${what} is cut`, async () => {
      const { socket, read } = await openClient(craned.port);
      socket.write(bytes);
      expect(await read()).toBe("");
    });
  }

  test("a client that ends its side after its request gets its answer", async () => {
    const socket = connectTls({
      socket: connect({ port: craned.port, host: "127.0.0.1", allowHalfOpen: true }),
      rejectUnauthorized: false,
    });
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => void chunks.push(Buffer.from(chunk)));
    socket.end(requestFor(LIST));
    await new Promise((resolve) => socket.once("end", resolve));
    expect(JSON.parse(bodyOf(Buffer.concat(chunks).toString("latin1"))).tags.length).toBe(10);
  });
});

/** Runs what follows with that many file descriptors. */
const withDescriptors = (count: number) => ["sh", "-c", `ulimit -n ${count}; exec "$0" "$@"`];

describe("with few file descriptors", async () => {
  const { craned, data } = await start([], { through: withDescriptors(220) });

  test("says so at the start", async () => {
    expect(await craned.logged((line) => line.includes("few connections"))).toContain("file descriptors");
  });

  test("answers each of many clients that stay, and follows changes of files meanwhile", async () => {
    const clients = [];
    for (let count = 0; count < 500; count++) {
      const client = await openClient(craned.port);
      client.socket.write(requestFor(TAG));
      expect(await client.answered()).toStartWith("HTTP/1.1 302");
      clients.push(client);
    }
    data.write("other.json", { ...fileOf(1), "repo-registry-id": "other" });
    await until(async () => (await ask(craned.port, "/v2/other/tags/list")).status === 200);
    expect(await craned.logged((line) => line.includes("too many connections"))).toContain('"gaveWay":');
    const last = clients.at(-1);
    last?.socket.write(requestFor(TAG));
    expect(await last?.answered()).toStartWith("HTTP/1.1 302");
  }, 30_000);
});
