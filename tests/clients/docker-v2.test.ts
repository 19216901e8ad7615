import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Readable } from "node:stream";
import registry from "docker-registry-client";
import { type Craned, startCraned } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { blobsOf, HELLO, sha256 } from "./demo-content.ts";
import { bytesOf, resultOf } from "./old-docker.ts";

setDefaultTimeout(30_000);

const afterwards = leftovers();
let demo: Craned;
beforeAll(async () => {
  demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
  afterwards(demo.stop);
});

describe("demo/hello, over v2", () => {
  const hello = () => registry.createClientV2({ name: `127.0.0.1:${demo.port}/demo/hello` });

  test.each(Object.values(HELLO))("has $tag, a manifest of kind $kind, by tag and by digest", async (published) => {
    const client = hello();
    // The client asks without an Accept header, as the oldest do, unless it may go beyond schema 1.
    const options = published.kind === "1" ? {} : { maxSchemaVersion: 2, acceptManifestLists: true };
    for (const ref of [published.tag, published.digest]) {
      const text = await new Promise<string>((resolve, reject) => {
        client.getManifest({ ref, ...options }, (failure, _manifest, _response, body) =>
          failure ? reject(failure) : resolve(body),
        );
      });
      expect(sha256(text)).toBe(sha256(published.bytes));
    }
    client.close();
  });

  test("has tags that a client of schema 1 is not shown", async () => {
    const client = hello();
    const { tags } = await resultOf<{ tags: string[] }>((done) => client.listTags(done));
    expect(tags).toContain("1.0");
    await expect(resultOf((done) => client.getManifest({ ref: "1.0" }, done))).rejects.toMatchObject({
      statusCode: 404,
    });
    client.close();
  });

  test.each([
    ["hello", [200]],
    ["tree", [302, 200]],
  ])("has every blob of an image of demo/%s, whose HEAD answers %j", async (name, statuses) => {
    const client = registry.createClientV2({ name: `127.0.0.1:${demo.port}/demo/${name}` });
    for (const hex of blobsOf(HELLO.schema2.bytes)) {
      const digest = `sha256:${hex}`;
      const responses = await resultOf<{ statusCode: number }[]>((done) => client.headBlob({ digest }, done));
      expect(responses.map(({ statusCode }) => statusCode)).toEqual(statuses);
      const stream = await resultOf<Readable>((done) => client.createBlobReadStream({ digest }, done));
      expect(sha256(await bytesOf(stream))).toBe(hex);
    }
    client.close();
  });
});
