import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContentRequest, judge } from "../../lib/content/conditions.ts";
import { type ContentServer, contentOf, listenForContent } from "../harness/content-server.ts";
import { partsOf } from "../harness/multipart.ts";
import { freePort, startNginx } from "../harness/nginx.ts";
import { describeWith, leftovers } from "../harness/programs.ts";

const SIZE = 100;
const MODIFIED = "Fri, 01 Mar 2024 12:00:00 GMT";
const EARLIER = "Fri, 01 Mar 2024 11:59:59 GMT";
const LATER = "Fri, 01 Mar 2024 12:00:01 GMT";

/** Stands for the file's own entity tag, which no two servers share. */
const ETAG = "<etag>";

interface Case {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  /** Of a 206 or 416. */
  readonly range?: string;
  /** Of a 206 with several parts: each. */
  readonly parts?: readonly string[];
  /** Why nginx answers otherwise, where it does. */
  readonly nginxDiffers?: string;
}

const joins = { nginxDiffers: "it sends a byte as often as it is asked for" };
const strict = { nginxDiffers: "it says 416" };
const many = (count: number) => `bytes=${Array.from({ length: count }, () => "0-").join()}`;

const CASES: readonly Case[] = [
  { name: "no range", headers: {}, status: 200 },
  { name: "a range", headers: { range: "bytes=10-19" }, status: 206, range: "bytes 10-19/100" },
  { name: "the first byte", headers: { range: "bytes=0-0" }, status: 206, range: "bytes 0-0/100" },
  { name: "the last byte", headers: { range: "bytes=99-99" }, status: 206, range: "bytes 99-99/100" },
  { name: "an open range", headers: { range: "bytes=90-" }, status: 206, range: "bytes 90-99/100" },
  { name: "all as a range", headers: { range: "bytes=0-" }, status: 206, range: "bytes 0-99/100" },
  { name: "a suffix", headers: { range: "bytes=-10" }, status: 206, range: "bytes 90-99/100" },
  { name: "a suffix longer than the file", headers: { range: "bytes=-1000" }, status: 206, range: "bytes 0-99/100" },
  { name: "an end past the end", headers: { range: "bytes=50-1000" }, status: 206, range: "bytes 50-99/100" },
  {
    name: "numbers past any file",
    headers: { range: "bytes=50-99999999999999999999999" },
    status: 206,
    range: "bytes 50-99/100",
    nginxDiffers: "it can't count so far",
  },
  { name: "a start at the end", headers: { range: "bytes=100-" }, status: 416, range: "bytes */100" },
  { name: "a start past the end", headers: { range: "bytes=1000-2000" }, status: 416, range: "bytes */100" },
  { name: "a suffix of nothing", headers: { range: "bytes=-0" }, status: 416, range: "bytes */100" },
  { name: "a unit in capitals", headers: { range: "BYTES=0-1" }, status: 206, range: "bytes 0-1/100" },
  { name: "another unit", headers: { range: "lines=0-1" }, status: 200 },
  { name: "a unit and no range", headers: { range: "bytes=" }, status: 200 },
  ...["bytes=-", "bytes=a-b", "bytes=5", "bytes=5-4", "bytes=0x1-2", "bytes=--1"].map((range) => ({
    name: `no range: ${range}`,
    headers: { range },
    status: 200,
    nginxDiffers: "it says 416, where RFC 9110 has a range that can't be read ignored",
  })),
  { name: "two ranges", headers: { range: "bytes=0-1,5-6" }, status: 206, parts: ["0-1", "5-6"] },
  {
    name: "ranges in any order",
    headers: { range: "bytes=90-, 0-0 ,-2" },
    status: 206,
    parts: ["90-99", "0-0"],
    ...joins,
  },
  { name: "adjoining ranges", headers: { range: "bytes=2-3,0-1" }, status: 206, parts: ["2-3", "0-1"] },
  {
    name: "ranges with empty items",
    headers: { range: "bytes=,0-1, ,5-6," },
    status: 206,
    parts: ["0-1", "5-6"],
    ...strict,
  },
  { name: "two ranges, one past the end", headers: { range: "bytes=0-1,200-" }, status: 206, range: "bytes 0-1/100" },
  { name: "two ranges past the end", headers: { range: "bytes=100-,200-" }, status: 416, range: "bytes */100" },
  { name: "two ranges, one invalid", headers: { range: "bytes=0-1,x" }, status: 200, ...strict },
  { name: "overlapping ranges", headers: { range: "bytes=5-9,0-5" }, status: 206, range: "bytes 0-9/100", ...joins },
  {
    name: "the same range again",
    headers: { range: "bytes=0-1,0-1,9-9,0-1" },
    status: 206,
    parts: ["0-1", "9-9"],
    ...joins,
  },
  {
    name: "a range within another",
    headers: { range: "bytes=30-40,0-50,60-61,35-36" },
    status: 206,
    parts: ["0-50", "60-61"],
    ...joins,
  },
  {
    name: "as many ranges as are answered",
    headers: { range: many(200) },
    status: 206,
    range: "bytes 0-99/100",
    ...joins,
  },
  { name: "too many ranges", headers: { range: many(201) }, status: 200 },
  { name: "two ranges for another state", headers: { range: "bytes=0-1,5-6", "if-range": '"a"' }, status: 200 },
  { name: "If-None-Match of this", headers: { "if-none-match": ETAG }, status: 304 },
  { name: "If-None-Match of this, weakly", headers: { "if-none-match": `W/${ETAG}` }, status: 304 },
  { name: "If-None-Match of several", headers: { "if-none-match": `"a", ${ETAG}` }, status: 304 },
  { name: "If-None-Match of any", headers: { "if-none-match": "*" }, status: 304 },
  { name: "If-None-Match of another", headers: { "if-none-match": '"a"' }, status: 200 },
  { name: "If-None-Match before a range", headers: { "if-none-match": ETAG, range: "bytes=0-1" }, status: 304 },
  { name: "If-Modified-Since then", headers: { "if-modified-since": MODIFIED }, status: 304 },
  { name: "If-Modified-Since earlier", headers: { "if-modified-since": EARLIER }, status: 200 },
  {
    name: "If-Modified-Since later",
    headers: { "if-modified-since": LATER },
    status: 304,
    nginxDiffers: "it compares for equality",
  },
  { name: "If-Modified-Since no date", headers: { "if-modified-since": "2024-03-02" }, status: 200 },
  {
    name: "If-None-Match of another, which goes before If-Modified-Since",
    headers: { "if-none-match": '"a"', "if-modified-since": MODIFIED },
    status: 200,
  },
  { name: "If-Match of this", headers: { "if-match": ETAG }, status: 200 },
  { name: "If-Match of any", headers: { "if-match": "*" }, status: 200 },
  { name: "If-Match of another", headers: { "if-match": '"a"' }, status: 412 },
  { name: "If-Match of this, weakly", headers: { "if-match": `W/${ETAG}` }, status: 412 },
  { name: "If-Unmodified-Since then", headers: { "if-unmodified-since": MODIFIED }, status: 200 },
  { name: "If-Unmodified-Since earlier", headers: { "if-unmodified-since": EARLIER }, status: 412 },
  {
    name: "If-Match of this, which goes before If-Unmodified-Since",
    headers: { "if-match": ETAG, "if-unmodified-since": EARLIER },
    status: 200,
    nginxDiffers: "it asks for both",
  },
  {
    name: "If-Range of this",
    headers: { range: "bytes=0-1", "if-range": ETAG },
    status: 206,
    range: "bytes 0-1/100",
  },
  { name: "If-Range of another", headers: { range: "bytes=0-1", "if-range": '"a"' }, status: 200 },
  { name: "If-Range of this, weakly", headers: { range: "bytes=0-1", "if-range": `W/${ETAG}` }, status: 200 },
  {
    name: "If-Range of then",
    headers: { range: "bytes=0-1", "if-range": MODIFIED },
    status: 206,
    range: "bytes 0-1/100",
  },
  { name: "If-Range of later", headers: { range: "bytes=0-1", "if-range": LATER }, status: 200 },
  { name: "If-Range without a range", headers: { "if-range": ETAG }, status: 200 },
];

const directory = mkdtempSync(join(tmpdir(), "craned-conditions-"));
const file = join(directory, "app/file");
mkdirSync(join(directory, "app"));
const bytes = Buffer.from(Array.from({ length: SIZE }, (_, at) => at));
writeFileSync(file, bytes);
utimesSync(file, new Date(MODIFIED), new Date(MODIFIED));

let server: ContentServer;

beforeAll(() => {
  server = listenForContent(contentOf(directory));
});

const putAway = leftovers();
putAway(() => rmSync(directory, { recursive: true }));
putAway(() => server.stop());

/** What a server answers to a case: its status, its range and its bytes. */
async function outcome(url: string, headers: Case["headers"]) {
  const etag = (await fetch(url, { method: "HEAD" })).headers.get("etag") ?? "";
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace(ETAG, etag)]));
  const response = await fetch(url, { headers: own });
  const { status } = response;
  if (response.headers.get("content-type")?.startsWith("multipart/")) {
    return { status, parts: (await partsOf(response)).map(({ range, bytes: body }) => ({ range, body })) };
  }
  const range = response.headers.get("content-range") ?? undefined;
  const body = Buffer.from(await response.arrayBuffer());
  return { status, range, body: status < 300 ? body : undefined };
}

function partOf(range: string | undefined) {
  const [, first, last] = /^bytes (\d+)-(\d+)/.exec(range ?? "") ?? [];
  return first === undefined ? bytes : bytes.subarray(Number(first), Number(last) + 1);
}

function expected({ status, range, parts }: Case) {
  const ranges = parts?.map((part) => `bytes ${part}/${SIZE}`);
  if (ranges !== undefined) return { status, parts: ranges.map((each) => ({ range: each, body: partOf(each) })) };
  return { status, range, body: status < 300 ? partOf(range) : undefined };
}

describe("a request with", () => {
  test.each(CASES)("$name", async (each) => {
    expect(await outcome(`${server.origin}/v2/app/file`, each.headers)).toEqual(expected(each));
  });
});

test("HEAD has no ranges, as GET alone has", async () => {
  const response = await fetch(`${server.origin}/v2/app/file`, { method: "HEAD", headers: { range: "bytes=0-1" } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-length")).toBe(String(SIZE));
});

test("a 304 says again what a cache has to know, and a 416 and a 412 nothing that a cache could keep", async () => {
  const url = `${server.origin}/v2/app/file`;
  const same = await fetch(url, { headers: { "if-modified-since": MODIFIED } });
  expect(same.headers.get("etag")).not.toBeNull();
  expect(same.headers.get("cache-control")).toBe("no-cache, max-age=60");
  for (const headers of [{ range: "bytes=100-" }, { "if-match": '"a"' }]) {
    const refused = await fetch(url, { headers });
    expect(refused.headers.has("cache-control")).toBe(false);
    expect(await refused.text()).toBe("");
  }
});

test("nothing is a range of an empty file", () => {
  const empty = { etag: '"e"', modified: 0, size: 0 };
  const ask = (range: string): ContentRequest => ({
    method: "GET",
    header: (name) => (name === "range" ? range : null),
  });
  for (const range of ["bytes=0-", "bytes=0-0", "bytes=-1"]) expect(judge(ask(range), empty).status).toBe(416);
});

describeWith(["nginx"], "nginx, asked the same", () => {
  const port = freePort();

  beforeAll(async () => {
    const nginx = await startNginx(port, directory, "");
    putAway(nginx.stop);
  });

  test.each(CASES.filter(({ nginxDiffers }) => nginxDiffers === undefined))("agrees about $name", async (each) => {
    expect(await outcome(`http://127.0.0.1:${port}/app/file`, each.headers)).toEqual(expected(each));
  });

  test.each(CASES.filter(({ nginxDiffers }) => nginxDiffers !== undefined))(
    "differs about $name: $nginxDiffers",
    async (each) => {
      expect(await outcome(`http://127.0.0.1:${port}/app/file`, each.headers)).not.toEqual(expected(each));
    },
  );
});
