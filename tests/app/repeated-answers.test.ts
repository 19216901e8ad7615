/** Answers that are asked for again and again: nothing may be told of how often, and none outlives its files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { ask, type RawAnswer, sendRaw } from "../harness/raw.ts";
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

/** All that an answer says, but for what is each answer's own. */
const told = ({ head, body }: RawAnswer): string => `${head.replace(/(?:X-Request-Id|Date): .*\r\n/g, "")}\n${body}`;

interface Request {
  readonly target: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const BLOB = `/v2/team/tree/blobs/${digest("3")}`;

const ALL: readonly Request[] = [
  ...["/v2/team/tree/manifests/1.0", "/v2/whole/manifests/1.0"].flatMap((target) =>
    [SCHEMA_2, LIST, OCI, INDEX, "*/*", "text/html", `${OCI};q=0.1`, "", "x/y".repeat(1000)].map((Accept) => ({
      target,
      headers: { Accept },
    })),
  ),
  { target: "/v2/team/tree/manifests/1.0", headers: { Accept: SCHEMA_2 }, method: "HEAD" },
  { target: "/v2/team/tree/manifests/1.0?ns=other.test", headers: { Accept: SCHEMA_2 } },
  { target: "/v2/team/tree/manifests/1.0?explain", headers: { Accept: SCHEMA_2 } },
  { target: "/v2/team/tree/manifests/1.0", method: "DELETE" },
  { target: `/v2/team/tree/manifests/${digest("2").replace(":", "%3A")}` },
  { target: `/v2/whole/manifests/${manifest.digest}`, headers: { Accept: OCI } },
  { target: `/v2/whole/manifests/${manifest.digest}`, headers: { "If-None-Match": `"${manifest.digest}"` } },
  { target: `/v2/whole/manifests/${manifest.digest}`, method: "HEAD" },
  { target: BLOB },
  { target: BLOB, method: "HEAD" },
  { target: `/v2/whole/blobs/${digest("1")}` },
  { target: `/v2/whole/blobs/${digest("1")}`, method: "HEAD" },
  { target: `/v2/whole/blobs/${digest("9")}` },
  { target: `/v1/images/${IMAGE}/layer` },
  { target: "/v2/team/tree/tags/list" },
  { target: "/v2/team/tree/tags/list?n=1" },
  { target: "/v2/no/such/manifests/1.0" },
];

describe("an answer is the same however often it was given", () => {
  test("all of them by turns", async () => {
    const first: string[] = [];
    for (let time = 0; time < TIMES; time++) {
      for (const [number, { target, ...request }] of ALL.entries()) {
        const answer = told(await ask(craned.port, target, request));
        first[number] ??= answer;
        expect([target, request, answer]).toEqual([target, request, first[number] ?? ""]);
      }
    }
    expect(new Set(first).size).toBeGreaterThan(ALL.length / 2);
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
  const targets = ["/v2/team/tree/manifests/1.0", BLOB];
  for (let time = 0; time < TIMES; time++)
    for (const target of targets) expect(await locationOf(target)).toStartWith("http://cdn.test/old/");
  data.write("tree.json", tree("http://cdn.test/new/"));
  await craned.logged((line) => line.includes('"changed":1'));
  for (const target of targets) expect(await locationOf(target)).toStartWith("http://cdn.test/new/");
});
