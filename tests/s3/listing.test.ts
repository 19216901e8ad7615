/** Lists that no S3 server should send: none of them is taken for an empty bucket, nor for more than it says. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { runCraned } from "../harness/craned.ts";
import { bucketForEach, file, PLACE } from "../harness/served-bucket.ts";

setDefaultTimeout(30_000);

const { s3, put } = bucketForEach();

const list = (content: string): string => `<ListBucketResult>${content}</ListBucketResult>`;
const object = (key: string): string => `<Contents><Key>${key}</Key><Size>2</Size></Contents>`;
const LAUGHS = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join("");
const entity = (declaration: string): string => `<!DOCTYPE ListBucketResult [${declaration}]>`;

const checkWith = async (answer: string | Uint8Array) => {
  put({ "a.json": file("a") });
  s3().instead = ({ key }) => (key === undefined ? new Response(answer) : undefined);
  return await runCraned(["check", "--data-dir", PLACE], s3().environment);
};

test.each([
  ["nothing", "", "something else than a list of objects"],
  ["a page for people", "<!doctype html><p>Log in", "something else than a list of objects"],
  ["a billion laughs", entity(`<!ENTITY l0 "v2/a.json">${LAUGHS}`) + list(object("&l9;")), "a list that is no XML"],
  ["a deep nest", list("<a>".repeat(500_000) + "</a>".repeat(500_000)), "a list that is no XML"],
  ["a key with a NUL", list(object("v2/\0.json")), "a list that is no XML"],
  ["two lists", list("") + list(""), "a list that is no XML"],
  [
    "a size that is none",
    list("<Contents><Key>v2/a.json</Key><Size>x</Size></Contents>"),
    "a list with an object that is none",
  ],
  ["a key with elements in it", list(object("<Key>v2/a.json</Key>")), "a list with an object that is none"],
])("%s", async (_, answer, received) => {
  const { out, code } = await checkWith(answer);
  expect([code, out]).toEqual([
    1,
    expect.stringContaining(`error: ${PLACE}: expected a bucket that can be read, received ${received}`),
  ]);
});

test("a list with no object is an empty bucket", async () => {
  for (const empty of ["<ListBucketResult/>", list("\n"), list("<KeyCount>0</KeyCount>")]) {
    expect((await checkWith(empty)).out).toContain(`${PLACE}: 0 good redirect files`);
  }
});

test("a list may be in UTF-16", async () => {
  const text = `\ufeff<?xml version="1.0" encoding="UTF-16"?>${list(object("v2/a.json").replace("2<", `${file("a").length}<`))}`;
  expect((await checkWith(Buffer.from(text, "utf16le"))).out).toContain(`${PLACE}: 1 good redirect file,`);
});
