import { beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scratchCertificates } from "../harness/certificates.ts";
import { type ContentServer, contentOf, listenForContent } from "../harness/content-server.ts";
import { partsOf } from "../harness/multipart.ts";
import { freePort, startNginx } from "../harness/nginx.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { sha256 } from "../harness/redirect-files.ts";

const MEBIBYTE = 1024 * 1024;
const LARGE = 256 * MEBIBYTE;

const directory = mkdtempSync(join(tmpdir(), "craned-streams-"));

// Not a multiple of any chunk, and no two chunks alike.
const patterned = Buffer.from(Uint32Array.from({ length: 750_001 }, (_, at) => at * 2_654_435_761).buffer);

let server: ContentServer;
const putAway = leftovers();
putAway(() => rmSync(directory, { recursive: true }));

function sparse(name: string): void {
  writeFileSync(join(directory, "app", name), "");
  truncateSync(join(directory, "app", name), LARGE);
}

/** Files of ours that are open in this process. */
function openFiles(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}

/** Bytes that this process has read from files. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

/** Asks for a file and then takes nothing until told to. */
async function askSlowly(path: string, range: string) {
  let received = 0;
  let end = "";
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: {
      data: (_, bytes) => {
        received += bytes.length;
        end = (end + bytes.subarray(-5).toString("latin1")).slice(-5);
      },
      close: () => close(),
    },
  });
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: slow\r\n${range}Connection: close\r\n\r\n`);
  return { socket, closed, received: () => received, end: () => end };
}

/** How much the server has read when it has stopped to read more. */
async function readAtStandstill(): Promise<number> {
  let before = -1;
  for (let same = 0; same < 20; ) {
    await Bun.sleep(10);
    const own = readFileSync("/proc/self/io").length;
    const now = bytesRead();
    same = now - before <= 2 * own + 64 ? same + 1 : 0;
    before = now;
  }
  return before;
}

beforeAll(() => {
  mkdirSync(join(directory, "app"));
  writeFileSync(join(directory, "app/patterned"), patterned);
  server = listenForContent(contentOf(directory));
  putAway(() => server.stop());
});

describe("a large file", () => {
  test("arrives as it is", async () => {
    const response = await fetch(`${server.origin}/v2/app/patterned`);
    expect(response.headers.get("content-length")).toBe(String(patterned.length));
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(patterned));
  });

  test.each([
    [0, 262_144],
    [0, 262_145],
    [1, 2_000_000],
    [262_143, 2_999_999],
    [1_000_000, 1_000_000],
  ])("has a part from %d to %d", async (first, last) => {
    const headers = { range: `bytes=${first}-${last}` };
    const response = await fetch(`${server.origin}/v2/app/patterned`, { headers });
    expect(response.status).toBe(206);
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(patterned.subarray(first, last + 1)));
  });

  const whole = { status: 200, size: patterned.length };
  test.each([
    ["a range for another state of the file", { range: "bytes=0-1", "if-range": '"another"' }, whole],
    ["a range that ends before it starts", { range: "bytes=5-4" }, whole],
    ["another unit", { range: "lines=0-1" }, whole],
    ["all of it as a range", { range: "bytes=0-" }, { status: 206, size: patterned.length }],
    ["more than it has", { range: "bytes=2900000-9000000" }, { status: 206, size: patterned.length - 2_900_000 }],
    ["nothing that it has", { range: "bytes=9000000-" }, { status: 416, size: 0 }],
    ["what the client has already", { range: "bytes=0-1", "if-none-match": "*" }, { status: 304, size: 0 }],
  ])("is asked for %s", async (_, headers, expected) => {
    const response = await fetch(`${server.origin}/v2/app/patterned`, { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect({ status: response.status, size: bytes.length }).toEqual(expected);
    expect(response.headers.get("content-disposition") ?? "attachment").toBe("attachment");
  });

  test("has several parts, as multipart/byteranges", async () => {
    const headers = { range: "bytes=1-300000,-2,2000000-2700000" };
    const response = await fetch(`${server.origin}/v2/app/patterned`, { headers });
    const parts = await partsOf(response);
    expect(parts.map(({ range }) => range)).toEqual([
      "bytes 1-300000/3000004",
      "bytes 3000002-3000003/3000004",
      "bytes 2000000-2700000/3000004",
    ]);
    const whole = Buffer.concat([
      patterned.subarray(1, 300_001),
      patterned.subarray(-2),
      patterned.subarray(2_000_000, 2_700_001),
    ]);
    expect(sha256(Buffer.concat(parts.map(({ bytes }) => bytes)))).toBe(sha256(whole));
  });

  test("goes over TLS, whole and in parts", async () => {
    const certificates = scratchCertificates();
    putAway(certificates.close);
    const { pem, keyPath } = certificates.make({ name: "127.0.0.1" });
    const tls = listenForContent(contentOf(directory), {
      tls: { cert: pem, key: readFileSync(keyPath, "utf8") },
    });
    putAway(() => tls.stop());
    const url = `${tls.origin}/v2/app/patterned`;
    const whole = await fetch(url, { tls: { rejectUnauthorized: false } });
    expect(whole.headers.get("content-length")).toBe(String(patterned.length));
    expect(sha256(await whole.bytes())).toBe(sha256(patterned));
    const part = await fetch(url, { headers: { range: "bytes=5-2000000" }, tls: { rejectUnauthorized: false } });
    expect(sha256(await part.bytes())).toBe(sha256(patterned.subarray(5, 2_000_001)));
  });

  test("may be kept whole by whoever reads it", async () => {
    const { v2 } = contentOf(directory);
    const response = await v2?.serve("app", "patterned", {
      method: "GET",
      header: () => undefined,
      isByDigest: false,
      isPrivate: false,
    });
    expect(sha256((await response?.bytes()) ?? new Uint8Array())).toBe(sha256(patterned));
  });

  test("goes to several clients at once, one after the other on each connection", async () => {
    const rounds = Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 3; round++) {
        const response = await fetch(`${server.origin}/v2/app/patterned`);
        expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(patterned));
      }
    });
    await Promise.all(rounds);
  });
});

describe("a client that takes nothing", () => {
  test.each(["", "Range: bytes=0-199999999,200000001-\r\n"])("keeps the file from being read: %p", async (range) => {
    sparse("slow");
    const before = bytesRead();
    const client = await askSlowly("/v2/app/slow", range);
    await until(() => openFiles().length > 0);
    expect((await readAtStandstill()) - before).toBeLessThan(32 * MEBIBYTE);
    client.socket.resume();
    await client.closed;
    expect(client.received()).toBeGreaterThan(LARGE);
    expect(client.received()).toBeLessThan(LARGE * 1.01);
  });

  test.each(["", "Range: bytes=0-199999999,200000001-\r\n"])("and goes away leaves no file open: %p", async (range) => {
    sparse("left");
    const client = await askSlowly("/v2/app/left", range);
    await until(() => openFiles().length > 0);
    client.socket.terminate();
    await until(() => openFiles().length === 0);
    expect(server.errors).toEqual([]);
  });

  test.each(["", "Range: bytes=0-199999999,200000001-\r\n"])(
    "is cut off when the file is made shorter: %p",
    async (range) => {
      sparse("shortened");
      const client = await askSlowly("/v2/app/shortened", range);
      await until(() => openFiles().length > 0);
      await readAtStandstill();
      truncateSync(join(directory, "app/shortened"), 0);
      client.socket.resume();
      await client.closed;
      expect(client.received()).toBeLessThan(LARGE);
      expect(client.end()).not.toBe("0\r\n\r\n");
      await until(() => openFiles().length === 0);
    },
  );
});

test.each([
  ["HEAD", {}],
  ["GET", { range: "bytes=999999999-" }],
  ["GET", { "if-none-match": "*" }],
  ["GET", { "if-match": '"another"' }],
  ["GET", { range: "bytes=0-0" }],
  ["GET", { range: "bytes=0-0,2-2" }],
  ["GET", { range: "bytes=0-99999,200000-299999" }],
  ["GET", {}],
])("no file stays open after %s with %p", async (method, headers) => {
  await (await fetch(`${server.origin}/v2/app/patterned`, { method, headers })).arrayBuffer();
  await until(() => openFiles().length === 0);
});

describeWith(["nginx"], "nginx in front, told by X-Accel-Redirect", () => {
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;

  beforeAll(async () => {
    const told = listenForContent(contentOf(directory, { xAccelRedirect: "/_content" }));
    putAway(() => told.stop());
    const nginx = await startNginx(
      port,
      "/nonexistent",
      `location / { proxy_pass ${told.origin}; }
       location /_content/v2/ {
         internal;
         alias ${directory}/;
         add_header Docker-Content-Digest $upstream_http_docker_content_digest;
       }`,
    );
    putAway(nginx.stop);
  });

  test("sends the file, with the type, the freshness and the digest that it was told", async () => {
    const digest = sha256(patterned);
    mkdirSync(join(directory, "app/blobs"));
    writeFileSync(join(directory, "app/blobs", digest), patterned);
    const response = await fetch(`${origin}/v2/app/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("server")).toContain("nginx");
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(patterned));
  });

  test("sends ranges, and answers conditions by its own validators", async () => {
    const url = `${origin}/v2/app/patterned`;
    const part = await fetch(url, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(patterned.subarray(10, 20))).toBe(true);
    const etag = (await fetch(url, { method: "HEAD" })).headers.get("etag") ?? "";
    expect((await fetch(url, { headers: { "if-none-match": etag } })).status).toBe(304);
  });

  test("finds a repository whose id has to be encoded", async () => {
    const repository = "a b%41?#é";
    mkdirSync(join(directory, repository));
    writeFileSync(join(directory, repository, "file"), "found");
    const response = await fetch(`${origin}/v2/${encodeURIComponent(repository)}/file`);
    expect(await response.text()).toBe("found");
  });

  test("gives nobody the content directly", async () => {
    expect((await fetch(`${origin}/_content/v2/app/patterned`)).status).toBe(404);
  });
});
