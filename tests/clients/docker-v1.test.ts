import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Craned, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { recordRequests } from "../harness/recorder.ts";
import { LIST, SCHEMA_1, SCHEMA_2, v1 } from "../harness/redirect-files.ts";
import { sha256, v1Image } from "./demo-content.ts";
import { pullOverV1, pullWithFailOver } from "./old-docker.ts";

setDefaultTimeout(30_000);

const afterwards = leftovers();
let demo: Craned;
beforeAll(async () => {
  demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
  afterwards(demo.stop);
});

/** The Accept header of docker 1.10 and later. */
const DOCKER_ACCEPT = [SCHEMA_2, LIST, SCHEMA_1, "application/json"].join(", ");

const ONLY_ON_V1 = [
  ["demo/both", '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}'],
  // Docker 1.8 and 1.9 fall back on that code only.
  ["demo/legacy", '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}'],
] as const;

describe.each(ONLY_ON_V1)("1-ubuntu of %s, which only v1 has", (name, body) => {
  test.each([
    ["no Accept header", {}],
    ["what docker accepts", { Accept: DOCKER_ACCEPT }],
  ])("is a 404 on v2 that clients fall back on, asked with %s", async (_, headers) => {
    const base = await ask(demo.port, "/v2/");
    expect(base.status).toBe(200);
    const answer = await ask(demo.port, `/v2/${name}/manifests/1-ubuntu`, { headers });
    expect(answer.head).toStartWith("HTTP/1.1 404 Not Found\r\n");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect(answer.body).toBe(body);
  });

  test("is pulled over v1, after v2 was asked, down to the bytes of every layer", async () => {
    const relay = await recordRequests(demo.port);
    afterwards(relay.stop);
    const pulled = await pullWithFailOver(`${relay.host}/${name}`, "1-ubuntu");

    const [id = "", parent = ""] = pulled.ancestry;
    expect(pulled.id).toBe(id);
    const expected = [v1Image(name, id), v1Image(name, parent)];
    expect(pulled.images.map(({ json }) => json)).toEqual(expected.map(({ json }) => json));
    expect(pulled.images.map(({ layer }) => sha256(layer))).toEqual(expected.map(({ layer }) => sha256(layer)));
    expect(expected[0]?.json).toMatchObject({ id, parent });
    expect(expected[1]?.json).not.toHaveProperty("parent");

    const again = (request: string, place: number, all: readonly string[]) => request !== all[place - 1];
    expect(relay.requests().filter(again)).toEqual([
      "GET /v2/",
      `GET /v2/${name}/manifests/1-ubuntu`,
      "GET /v1/_ping",
      `GET /v1/repositories/${name}/images`,
      `GET /v1/repositories/${name}/tags/1-ubuntu`,
      `GET /v1/images/${id}/ancestry`,
      ...[id, parent].flatMap((each) => [`GET /v1/images/${each}/json`, `GET /v1/images/${each}/layer`]),
    ]);
  });

  test("is listed with its images, its tags and the host to ask", async () => {
    const repository = `${demo.origin}/v1/repositories/${name}`;
    const tags = (await (await fetch(`${repository}/tags`)).json()) as Readonly<Record<string, string>>;
    expect(Object.keys(tags)).toEqual(["1-ubuntu", "latest"]);
    const listed = await fetch(`${repository}/images`);
    const images = (await listed.json()) as readonly { readonly id: string }[];
    expect(images.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.values(tags)));
    expect(listed.headers.get("x-docker-endpoints")).toBe(`127.0.0.1:${demo.port}`);
  });
});

test("a v1 client goes on where X-Docker-Endpoints sends it", async () => {
  // It knows the name and none of its tags: those are at the endpoint.
  const data = scratch({ "both.json": v1("demo/both") });
  afterwards(data.remove);
  const front = await serveDirectory(data.path, { args: ["--endpoint", `127.0.0.1:${demo.port}`] });
  afterwards(front.stop);
  const { id } = await pullOverV1(`127.0.0.1:${front.port}/demo/both`, "1-ubuntu");
  const direct = await ask(demo.port, "/v1/repositories/demo/both/tags/1-ubuntu");
  expect(id).toBe(JSON.parse(direct.body));
});
