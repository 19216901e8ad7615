/** What strangers say is not kept: the memory of a server that was asked a lot. */
import { expect, test } from "bun:test";
import { converse } from "./requests/conversation.ts";
import { residentOf } from "../harness/process.ts";
import { servedForAll } from "../harness/craned.ts";

const served = servedForAll({
  "app.json": {
    version: 5,
    repository: "a",
    "repo-registry-id": "app",
    url: "http://cdn.test/a/",
    schema2_data: ["1"],
  },
});

const ROUNDS = 40;
const A_ROUND = 50;
const MAX_GROWTH = 150 * 1024 * 1024;

test("of 2,000 redirects, asked for in heads of 120 KB each, the heads are not kept", async () => {
  const before = residentOf(served.craned().pid);
  const padding = `X: ${"x".repeat(120_000)}\r\n`;
  for (let round = 0; round < ROUNDS; round++) {
    const requests = Array.from({ length: A_ROUND }, (_, number) => {
      const end = number === A_ROUND - 1 ? "Connection: close\r\n" : "";
      return `GET /v2/app/manifests/1?${round}-${number} HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n${padding}${end}\r\n`;
    });
    const { text } = await converse({ port: served.port(), isTls: false, pieces: requests });
    expect(text.match(/^HTTP\/1\.1 302 /gm)?.length).toBe(A_ROUND);
  }
  expect(residentOf(served.craned().pid) - before).toBeLessThan(MAX_GROWTH);
}, 120_000);
