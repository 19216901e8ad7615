/** What the v2 API answers, to the listening binary. */
import { describe, expect, test } from "bun:test";
import { ask } from "../harness/raw.ts";
import { digest, INDEX, SCHEMA_2 } from "../harness/redirect-files.ts";
import { serveRegistry, V2 } from "./registry.ts";

const served = serveRegistry();

describe("v2", () => {
  for (const [target, accept, { status, location, code: errorCode, json }] of V2) {
    test(`${target} ${accept ?? "(no Accept)"}`, async () => {
      const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
      const answer = await ask(served.port(), target, { headers });
      expect(answer.status).toBe(status);
      expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
      expect(answer.headers.get("location")).toBe(location);
      if (status !== 302) expect(answer.headers.get("content-type")).toBe("application/json");
      if (json !== undefined) expect(JSON.parse(answer.body)).toEqual(json);
      if (errorCode === undefined) return;
      const { errors } = JSON.parse(answer.body);
      expect(errors).toEqual([{ code: errorCode, message: expect.any(String), detail: expect.any(Object) }]);
    });
  }

  test("pages lead through all tags by their Link headers", async () => {
    const tags: string[] = [];
    for (let next: string | undefined = "/v2/team/app/tags/list?n=2"; next !== undefined; ) {
      const page = await ask(served.port(), next);
      tags.push(...JSON.parse(page.body).tags);
      const link = /^<(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
      // A client resolves it against the address that it asked, behind whatever prefix.
      const { pathname, search }: URL = new URL(link ?? "", `http://registry.test${next}`);
      next = link && pathname + search;
    }
    expect(tags).toEqual(["1.0", "art", "every", "multi", "multi-old", "old"]);
  });

  test("referrers are an image index, filtered when asked", async () => {
    const target = `/v2/team/app/referrers/${digest("2")}`;
    const all = await ask(served.port(), target);
    expect(all.headers.get("content-type")).toBe(INDEX);
    expect(all.headers.has("oci-filters-applied")).toBe(false);
    const index = JSON.parse(all.body);
    expect([index.schemaVersion, index.mediaType, index.manifests.length]).toEqual([2, INDEX, 2]);
    const filtered = await ask(served.port(), `${target}?artifactType=b%2Fsig`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(JSON.parse(filtered.body).manifests).toEqual([{ artifactType: "b/sig", digest: digest("8") }]);
    const none = await ask(served.port(), `/v2/team/app/referrers/${digest("9")}`);
    expect(JSON.parse(none.body).manifests).toEqual([]);
  });

  test("an unknown tag is answered to the letter as Story 2735 wants it", async () => {
    const answer = await ask(served.port(), "/v2/both/manifests/1-ubuntu", { headers: { Accept: SCHEMA_2 } });
    expect(answer.head.split("\r\n")[0]).toBe("HTTP/1.1 404 Not Found");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect(answer.body).toBe('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}');
  });

  const anonymous = (answer: { head: string; body: string }) =>
    `${answer.head.replace(/Date: .*/, "")}\n${answer.body}`;
  for (const suffix of [
    "manifests/t",
    "manifests/x",
    `blobs/${digest("1")}`,
    "tags/list",
    `referrers/${digest("1")}`,
  ]) {
    test(`a protected repository is answered byte for byte as one that is not there: ${suffix}`, async () => {
      const secret = await ask(served.port(), `/v2/secret/${suffix}`, { headers: { Accept: "*/*" } });
      const absent = await ask(served.port(), `/v2/absent/${suffix}`, { headers: { Accept: "*/*" } });
      expect(secret.status).toBe(404);
      expect(anonymous(secret)).toBe(anonymous(absent));
    });
  }
});
