/** Answers that are asked for again and again: nothing may be told of how often, and none outlives its files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { ask, sendRaw } from "../harness/raw.ts";
import { descriptorOf, digest, INDEX, LIST, OCI, SCHEMA_2, v1, v5, v6 } from "../harness/redirect-files.ts";

/** The second time an answer is kept, from the third on it is given again. */
const TIMES = 4;

const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest("1"), size: 2 };
const manifest = descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI, config, layers: [] });
const index = descriptorOf(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [] });
const IMAGE = "a".repeat(64);

const tree = (url: string) =>
  v5("team/tree", { url, schema2_data: ["1.0", digest("2")], manifest_list_data: ["1.0"], tags: ["1.0"] });

const data = scratch({
  "tree.json": tree("http://cdn.test/old/"),
  "whole.json": v6("whole", {
    url: "http://cdn.test/whole/",
    tags: { "1.0": [index.digest, manifest.digest] },
    manifests: [index, manifest],
  }),
  "images.json": v1("team/images", { url: "http://cdn.test/v1/", images: [{ id: IMAGE }], tags: { latest: IMAGE } }),
});
let craned: Craned;
beforeAll(async () => {
  craned = await serveDirectory(data.path, { args: ["--log-request-ids"] });
});
afterAll(async () => {
  await craned.stop();
  data.remove();
});

const TREE = "/v2/team/tree/manifests/1.0";
const WHOLE = "/v2/whole/manifests/1.0";
const BLOB = `/v2/team/tree/blobs/${digest("3")}`;
const BY_DIGEST = `/v2/whole/manifests/${manifest.digest}`;
const [IN_2, IN_LIST] = ["http://cdn.test/old/manifests/2/1.0", "http://cdn.test/old/manifests/list/1.0"];

type Row = readonly [request: string, headers: Readonly<Record<string, string>>, status: number, says: string];

/** What is answered; `says` is in its head. */
const ROWS: readonly Row[] = [
  [`GET ${TREE}`, { Accept: SCHEMA_2 }, 302, IN_2],
  [`GET ${TREE}`, { Accept: LIST }, 302, IN_LIST],
  [`GET ${TREE}`, { Accept: `${LIST};q=0.1, ${SCHEMA_2}` }, 302, IN_2],
  [`GET ${TREE}`, { Accept: `${SCHEMA_2}, ${"x/y, ".repeat(500)}` }, 302, IN_2],
  [`GET ${TREE}`, { Accept: OCI }, 404, ""],
  [`GET ${TREE}`, {}, 404, ""],
  [`HEAD ${TREE}`, { Accept: SCHEMA_2 }, 302, IN_2],
  [`GET ${TREE}?ns=other.test`, { Accept: SCHEMA_2 }, 302, IN_2],
  [`GET ${TREE}?explain`, { Accept: SCHEMA_2 }, 204, "no-store"],
  [`DELETE ${TREE}`, { Accept: SCHEMA_2 }, 405, "GET, HEAD"],
  [`GET ${WHOLE}`, { Accept: OCI }, 200, manifest.digest],
  [`GET ${WHOLE}`, { Accept: INDEX }, 200, index.digest],
  [`GET ${WHOLE}`, { Accept: OCI, "If-None-Match": `"${manifest.digest}"` }, 304, manifest.digest],
  [`HEAD ${WHOLE}`, { Accept: OCI }, 200, manifest.digest],
  [`HEAD ${WHOLE}`, { Accept: INDEX }, 200, index.digest],
  [`GET ${BY_DIGEST}`, {}, 200, "immutable"],
  [`GET ${BY_DIGEST}`, { "If-None-Match": `"other", "${manifest.digest}"` }, 304, "immutable"],
  [`GET ${BLOB}`, {}, 302, "max-age=60"],
  [`HEAD ${BLOB}`, {}, 302, "max-age=60"],
  [`GET /v2/whole/blobs/${digest("1")}`, {}, 302, "http://cdn.test/whole/blobs"],
  [`HEAD /v2/whole/blobs/${digest("1")}`, {}, 200, "content-length: 2"],
  [`HEAD /v2/whole/blobs/${digest("1")}`, { "If-None-Match": `"${digest("1")}"` }, 304, digest("1")],
  [`GET /v2/whole/blobs/${digest("9")}`, {}, 404, ""],
  [`GET /v1/images/${IMAGE}/layer`, {}, 302, "http://cdn.test/v1/"],
  ["GET /v1/repositories/team/images/images", { Host: "one.test" }, 200, "X-Docker-Endpoints: one.test"],
  ["GET /v1/repositories/team/images/images", { Host: "two.test" }, 200, "X-Docker-Endpoints: two.test"],
  ["GET /v2/", {}, 200, "registry/2.0"],
  ["GET /v2/team/tree/tags/list", {}, 200, "no-cache"],
  ["GET /v2/team/tree/tags/list?n=0", {}, 200, "no-cache"],
  ["GET /v2/no/such/manifests/1.0", {}, 404, ""],
];

describe("an answer is the same however often it was given", () => {
  test("all of them by turns", async () => {
    const bodies: string[] = [];
    for (let time = 0; time < TIMES; time++) {
      for (const [number, [request, headers, status, says]] of ROWS.entries()) {
        const [method = "", target = ""] = request.split(" ");
        const answer = await ask(craned.port, target, { method, headers });
        bodies[number] ??= answer.body;
        expect([request, headers, answer.status, answer.body]).toEqual([
          request,
          headers,
          status,
          bodies[number] ?? "",
        ]);
        expect(answer.head).toContain(says);
      }
    }
  });

  test("each has an id of its own, and is counted", async () => {
    const count = async (): Promise<number> => {
      const { body } = await ask(craned.managementPort, "/metrics");
      return Number(/craned_redirects_total\{api="v2",kind="blob"\} (\d+)/.exec(body)?.[1]);
    };
    const before = await count();
    const ids = new Set<string | undefined>();
    for (let time = 0; time < TIMES; time++) ids.add((await ask(craned.port, BLOB)).headers.get("x-request-id"));
    expect(ids.size).toBe(TIMES);
    expect(await count()).toBe(before + TIMES);
  });

  test("more of them than are kept", async () => {
    const hex = (number: number) => number.toString(16).padStart(64, "0");
    const numbers = Array.from({ length: 5000 }, (_, number) => number);
    const requests = numbers.map((each) => `GET /v2/team/tree/blobs/sha256:${hex(each)} HTTP/1.1\r\nHost: a\r\n`);
    const places = numbers.map((each) => `http://cdn.test/old/blobs/sha256:${hex(each)}`);
    for (let time = 0; time < TIMES; time++) {
      const answers = await sendRaw(craned.port, `${requests.join("\r\n")}Connection: close\r\n\r\n`);
      expect(answers.map(({ headers }) => headers.get("location"))).toEqual(places);
    }
  });
});

test("an answer is given no more when its file has changed", async () => {
  const locationOf = async (target: string): Promise<string | undefined> =>
    (await ask(craned.port, target, { headers: { Accept: SCHEMA_2 } })).headers.get("location");
  const targets = [TREE, BLOB];
  for (let time = 0; time < TIMES; time++)
    for (const target of targets) expect(await locationOf(target)).toStartWith("http://cdn.test/old/");
  data.write("tree.json", tree("http://cdn.test/new/"));
  await craned.logged((line) => line.includes('"changed":1'));
  for (const target of targets) expect(await locationOf(target)).toStartWith("http://cdn.test/new/");
});
