/** How long answers may be kept, and by whom. @see spec "Caching, for all answers" */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Craned, scratch, serveDirectory } from "../harness/craned.ts";
import { ask } from "../harness/raw.ts";
import { descriptorOf, digest, OCI, v5, v6 } from "../harness/redirect-files.ts";

const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest("1"), size: 2 };
const manifest = descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI, config, layers: [] });
const MANIFEST = manifest.digest;

const WHOLE = v6("team/whole", {
  url: "http://cdn.test/whole/",
  tags: { "1.0": MANIFEST },
  manifests: [manifest],
});
const TREE = v5("team/tree", { url: "http://cdn.test/tree/", schema2_data: ["1.0", digest("2")] });

const serving = (files: Readonly<Record<string, unknown>>, settings = "") => {
  const data = scratch(files);
  let craned: Craned | undefined;
  beforeAll(async () => {
    const config = scratch({ "crane.conf": settings });
    craned = await serveDirectory(data.path, { args: ["--config", `${config.path}/crane.conf`] });
  });
  afterAll(async () => {
    await craned?.stop();
    data.remove();
  });
  return (target: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
    ask(craned?.port ?? 0, target, { method, headers: { Accept: "*/*", ...headers } });
};

const IMMUTABLE = "public, max-age=31536000, immutable";

describe("a public registry", () => {
  const asked = serving({ "whole.json": WHOLE, "tree.json": TREE }, "[general]\ndata_dir_polling_interval: 30\n");

  const ROWS: readonly (readonly [target: string, status: number, cacheControl: string])[] = [
    [`/v2/team/whole/manifests/${MANIFEST}`, 200, IMMUTABLE],
    ["/v2/team/whole/manifests/1.0", 200, "no-cache"],
    [`/v2/team/whole/blobs/${digest("1")}`, 302, "public, max-age=30"],
    [`/v2/team/tree/manifests/${digest("2")}`, 302, "public, max-age=30"],
    ["/v2/team/tree/manifests/1.0", 302, "no-cache"],
    ["/v2/team/whole/tags/list", 200, "no-cache"],
    ["/v2/_catalog", 200, "no-cache"],
    [`/v2/team/whole/referrers/${MANIFEST}`, 200, "no-cache"],
    ["/v2/no/such/manifests/1.0", 404, "no-cache"],
    ["/v2/no/such/thing", 404, "no-cache"],
    ["/v1/search?q=team", 200, "no-cache"],
  ];
  test.each(ROWS)("%s is %i, %s", async (target, status, cacheControl) => {
    const answer = await asked(target);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([status, cacheControl]);
    expect(answer.headers.get("vary")).toBe(target.includes("/manifests/") ? "Accept" : undefined);
    if (answer.body === "") return;
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const etag = answer.headers.get("etag");
    expect(etag !== undefined).toBe(status === 200);
    if (etag === undefined) return;
    const again = await asked(target, { "If-None-Match": `"other", W/${etag}` });
    expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, "", etag]);
    expect(again.headers.get("cache-control")).toBe(cacheControl);
  });

  test("a manifest that is sent here has its digest, its length and its own bytes", async () => {
    for (const reference of ["1.0", MANIFEST]) {
      const got = await asked(`/v2/team/whole/manifests/${reference}`);
      expect(got.body).toBe(atob(manifest.data));
      const headed = await asked(`/v2/team/whole/manifests/${reference}`, {}, "HEAD");
      for (const { headers } of [got, headed]) {
        expect(headers.get("docker-content-digest")).toBe(MANIFEST);
        expect(headers.get("etag")).toBe(`"${MANIFEST}"`);
        expect(headers.get("content-length")).toBe(String(manifest.size));
        expect(headers.get("content-type")).toBe(OCI);
      }
    }
  });

  test("HEAD of a known blob is answered without asking the host", async () => {
    const { status, headers } = await asked(`/v2/team/whole/blobs/${digest("1")}`, {}, "HEAD");
    expect([status, headers.get("content-length"), headers.get("accept-ranges")]).toEqual([200, "2", "bytes"]);
    expect(headers.get("docker-content-digest")).toBe(digest("1"));
  });

  test("a blob that no manifest names is unknown, and so is a manifest asked for as a blob", async () => {
    for (const each of [digest("9"), MANIFEST]) {
      const { status, body } = await asked(`/v2/team/whole/blobs/${each}`);
      expect([status, JSON.parse(body).errors[0].code]).toEqual([404, "BLOB_UNKNOWN"]);
    }
    const { body } = await asked(`/v2/team/whole/manifests/${digest("1")}`);
    expect(JSON.parse(body).errors[0].code).toBe("MANIFEST_UNKNOWN");
  });

  test("a tag in no type that the client accepts says which types there are", async () => {
    const { status, body } = await asked("/v2/team/whole/manifests/1.0", { Accept: "application/json" });
    expect([status, JSON.parse(body).errors]).toEqual([
      404,
      [
        {
          code: "MANIFEST_UNKNOWN",
          message: "manifest unknown",
          detail: { mediaTypes: [OCI] },
        },
      ],
    ]);
  });
});

describe("a registry with a protected repository", () => {
  const asked = serving({ "whole.json": WHOLE, "tree.json": { ...TREE, protected: true } });

  test.each([`/v2/team/whole/manifests/${MANIFEST}`, "/v2/_catalog", "/v2/team/tree/manifests/1.0", "/v1/search?q=a"])(
    "%s is for nobody else",
    async (target) => {
      const { headers } = await asked(target);
      expect(headers.get("cache-control")).toBe("private, no-store");
      expect(headers.get("vary")).toBe(target.includes("/manifests/") ? "Accept, Authorization" : "Authorization");
    },
  );
});

describe("signed redirects", () => {
  const asked = serving({ "tree.json": TREE }, "[cdn]\nurl_auth_secret: 0badc0ffee\nurl_auth_ttl: 100\n");

  test("may be kept by the client alone, for half of the signature's time", async () => {
    const { headers } = await asked(`/v2/team/tree/manifests/${digest("2")}`);
    expect(headers.get("cache-control")).toBe("private, max-age=50");
    const byTag = await asked("/v2/team/tree/manifests/1.0");
    expect(byTag.headers.get("cache-control")).toBe("private, no-cache, max-age=0");
  });
});
