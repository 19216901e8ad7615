import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ContentSettings } from "../../lib/content/content.ts";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type ContentServer, contentOf, listenForContent } from "../harness/content-server.ts";
import { sha256 } from "../harness/redirect-files.ts";

const POLLING_INTERVAL = 45;
const MODIFIED = new Date("2024-03-01T12:00:00.750Z");
const IMAGE_ID = "1234567890abcdef".repeat(4);

const blob = Buffer.from("a layer, as far as anybody here can tell");
const blobDigest = sha256(blob);
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE["2"], layers: [{ digest: blobDigest }] });
const manifestDigest = sha256(manifest);

const directory = mkdtempSync(join(tmpdir(), "craned-content-"));
const v1Dir = join(directory, "v1");
const v2Dir = join(directory, "v2");
const lines: string[] = [];
const open = (settings: Partial<ContentSettings> = {}) =>
  contentOf(
    directory,
    { contentDirV1: v1Dir, contentDirV2: v2Dir, ...settings },
    { write: (line) => lines.push(line), pollingInterval: POLLING_INTERVAL },
  );

function write(path: string, bytes: Uint8Array | string): void {
  const full = join(directory, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, bytes);
  utimesSync(full, MODIFIED, MODIFIED);
}

/** A schema 1 manifest of the demo's, with signatures. */
const signed = (() => {
  for (const [path, { bytes }] of buildDemo("http://127.0.0.1").objects) {
    const digest = /\/manifests\/1\/(sha256:.*)$/.exec(path)?.[1];
    if (digest !== undefined) return { bytes, digest };
  }
  throw new Error("the demo has no schema 1 manifest");
})();

let server: ContentServer;
const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(server.origin + path, { method, headers });

beforeAll(() => {
  write(`v2/app/blobs/${blobDigest}`, blob);
  write(`v2/app/manifests/2/${manifestDigest}`, manifest);
  symlinkSync(manifestDigest, join(v2Dir, "app/manifests/2/latest"));
  write("v2/app/manifests/1/old", signed.bytes);
  write(`v2/app/manifests/1/${signed.digest}`, signed.bytes);
  write("v2/app/tags/list", '{"name":"app","tags":["latest"]}');
  write("v2/app/empty", "");
  write(`v1/app/${IMAGE_ID}/json`, "{}");
  write(`v1/app/${IMAGE_ID}/ancestry`, "[]");
  write(`v1/app/${IMAGE_ID}/layer`, blob);
  server = listenForContent(open());
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

describe("a file", () => {
  test("that is a blob comes with all that is known of it", async () => {
    const response = await ask(`/v2/app/blobs/${blobDigest}`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "public, max-age=31536000, immutable",
      "content-disposition": "attachment",
      "content-length": String(blob.length),
      "content-type": "application/octet-stream",
      date: expect.any(String),
      "docker-content-digest": blobDigest,
      etag: `"${blobDigest}"`,
      "last-modified": "Fri, 01 Mar 2024 12:00:00 GMT",
      "x-content-type-options": "nosniff",
    });
    expect(await response.text()).toBe(blob.toString());
  });

  test("that is a blob of an OCI image layout has the digest of its path", async () => {
    write(`v2/layout/blobs/${blobDigest.replace(":", "/")}`, blob);
    const response = await ask(`/v2/layout/blobs/${blobDigest.replace(":", "/")}`);
    expect(response.headers.get("docker-content-digest")).toBe(blobDigest);
    expect(response.headers.get("etag")).toBe(`"${blobDigest}"`);
  });

  test("that may change is asked for again, and its digest is that of what is sent", async () => {
    const response = await ask("/v2/app/manifests/2/latest");
    expect(await response.text()).toBe(manifest);
    expect(response.headers.get("cache-control")).toBe(`no-cache, max-age=${POLLING_INTERVAL}`);
    expect(response.headers.get("docker-content-digest")).toBe(manifestDigest);
    expect(response.headers.get("etag")).toBe(`"${manifestDigest}"`);
    expect(response.headers.get("vary")).toBe("Accept");
  });

  test("that is a signed manifest has the digest of its signed part", async () => {
    for (const reference of ["old", signed.digest]) {
      const response = await ask(`/v2/app/manifests/1/${reference}`);
      expect(response.headers.get("docker-content-digest")).toBe(signed.digest);
      expect(response.headers.get("etag")).toBe(`"${signed.digest}"`);
      expect(Buffer.from(await response.arrayBuffer()).equals(signed.bytes)).toBe(true);
    }
  });

  test.each([
    ["a blob", `/v2/app/blobs/${blobDigest}`],
    ["a tag's manifest", "/v2/app/manifests/2/latest"],
    ["a list of tags", "/v2/app/tags/list"],
    ["an empty file", "/v2/app/empty"],
  ])("answers HEAD for %s as GET, without the body", async (_, path) => {
    const [got, headed] = await Promise.all([ask(path), ask(path, {}, "HEAD")]);
    const withoutDate = ({ headers }: Response) => [...headers.entries()].filter(([name]) => name !== "date");
    expect(headed.status).toBe(got.status);
    expect(withoutDate(headed)).toEqual(withoutDate(got));
    expect(await headed.text()).toBe("");
  });

  test("is immutable when the client asked by digest, not when a tag leads to a path with a digest", () => {
    const { v2 } = open();
    const ask = (isByDigest: boolean) =>
      v2?.serve("app", `manifests/2/${manifestDigest}`, {
        method: "GET",
        header: () => undefined,
        isByDigest,
        isPrivate: false,
      });
    expect(ask(true)?.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(ask(false)?.headers.get("cache-control")).toBe(`no-cache, max-age=${POLLING_INTERVAL}`);
    expect(ask(false)?.headers.get("etag")).toBe(`"${manifestDigest}"`);
  });

  test("may be kept by no cache when only some clients may have it, asked by digest or not", async () => {
    const { v2 } = open();
    for (const isByDigest of [true, false]) {
      const request = { method: "GET", header: () => undefined, isByDigest, isPrivate: true };
      const response = v2?.serve("app", `blobs/${blobDigest}`, request);
      expect(response?.headers.get("cache-control")).toBe("private, no-store");
    }
  });

  test.each([
    ["a missing blob", `/v2/app/blobs/${sha256("another")}`],
    ["a missing repository", "/v2/nothing/tags/list"],
    ["a directory", "/v2/app/manifests"],
    ["a path through a file", "/v2/app/tags/list/more"],
    ["a name that no file system takes", `/v2/app/blobs/${"x".repeat(300)}`],
    ["the other API's file", `/v2/app/${IMAGE_ID}/json`],
  ])("is not there: %s", async (_, path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test.skipIf(process.getuid?.() === 0)("that can't be read is an error, not a file that is missing", async () => {
    write("v2/app/closed", "closed");
    chmodSync(join(v2Dir, "app/closed"), 0);
    const { v2 } = open();
    const request = { method: "GET", header: () => undefined, isByDigest: false, isPrivate: false };
    expect(() => v2?.serve("app", "closed", request)).toThrow(/EACCES.*app\/closed/);
  });
});

describe("the type of a file", () => {
  // Crane 3.3.1 sent schema 1 as application/json.
  test.each(Object.entries({ ...MEDIA_TYPE, 1: "application/json" }))("in manifests/%s is %s", async (kind, type) => {
    write(`v2/types/manifests/${kind}/tag`, "{}");
    write(`v2/types/manifests/${kind}/${sha256("{}")}`, "{}");
    expect((await ask(`/v2/types/manifests/${kind}/tag`)).headers.get("content-type")).toBe(type);
    expect((await ask(`/v2/types/manifests/${kind}/${sha256("{}")}`)).headers.get("content-type")).toBe(type);
  });

  test.each([
    ["says it", { schemaVersion: 2, mediaType: MEDIA_TYPE.list, manifests: [] }, MEDIA_TYPE.list],
    ["says OCI", { schemaVersion: 2, mediaType: MEDIA_TYPE.oci }, MEDIA_TYPE.oci],
    ["is signed", { schemaVersion: 1, signatures: [{}] }, "application/json"],
    ["is of schema 1, not signed", { schemaVersion: 1 }, "application/json"],
    ["is OCI without saying it", { schemaVersion: 2, layers: [] }, MEDIA_TYPE.oci],
    ["is an OCI index without saying it", { schemaVersion: 2, manifests: [] }, MEDIA_TYPE.index],
    ["says something else", { schemaVersion: 2, mediaType: "text/html" }, "application/json"],
    ["is of another schema", { schemaVersion: 3 }, "application/json"],
    ["is no object", [], "application/json"],
  ])("in an unsplit directory is found in the manifest that %s", async (_, content, type) => {
    const text = JSON.stringify(content);
    for (const reference of ["list", sha256(text)]) {
      write(`v2/unsplit/manifests/${reference}`, text);
      const response = await ask(`/v2/unsplit/manifests/${reference}`);
      expect(response.headers.get("content-type")).toBe(type);
      expect(response.headers.get("docker-content-digest")).toBe(sha256(text));
      expect(await response.text()).toBe(text);
    }
  });

  test.each([
    ["no JSON", "not JSON"],
    ["nothing", ""],
  ])("in an unsplit directory is application/json for %s", async (_, text) => {
    write("v2/unsplit/manifests/broken", text);
    expect((await ask("/v2/unsplit/manifests/broken")).headers.get("content-type")).toBe("application/json");
  });

  test.each([
    ["json", "application/json"],
    ["ancestry", "application/json"],
    ["layer", "application/octet-stream"],
  ])("is that of a v1 image's %s", async (file, type) => {
    const response = await ask(`/v1/app/${IMAGE_ID}/${file}`);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("cache-control")).toBe(`max-age=${POLLING_INTERVAL}`);
    expect(response.headers.has("docker-content-digest")).toBe(false);
  });

  test("is application/json for a list of tags", async () => {
    expect((await ask("/v2/app/tags/list")).headers.get("content-type")).toBe("application/json");
  });
});

describe("a manifest too large to be one", () => {
  test("is sent without a digest, as it is", async () => {
    write("v2/app/manifests/2/huge", Buffer.alloc(4 * 1024 * 1024 + 1, "{"));
    const response = await ask("/v2/app/manifests/2/huge");
    expect(response.headers.has("docker-content-digest")).toBe(false);
    expect((await response.arrayBuffer()).byteLength).toBe(4 * 1024 * 1024 + 1);
  });
});

describe("a signed manifest with broken signatures has the digest of its bytes", () => {
  const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  test.each([
    ["none", {}],
    ["an empty list", { signatures: [] }],
    ["no text", { signatures: [{ protected: 1 }] }],
    ["no JSON in it", { signatures: [{ protected: "AAAA" }] }],
    ["a length past the end", { signatures: [{ protected: header({ formatLength: 1e9, formatTail: "" }) }] }],
    ["a negative length", { signatures: [{ protected: header({ formatLength: -1, formatTail: "" }) }] }],
    ["half a length", { signatures: [{ protected: header({ formatLength: 0.5, formatTail: "" }) }] }],
  ])("%s", async (_, content) => {
    const text = JSON.stringify(content);
    write("v2/app/manifests/1/broken", text);
    const response = await ask("/v2/app/manifests/1/broken");
    expect(response.headers.get("docker-content-digest")).toBe(sha256(text));
  });
});

describe("a server in front", () => {
  const request = {
    method: "GET",
    header: (name: string) => (name === "range" ? "bytes=0-1" : undefined),
    isByDigest: false,
    isPrivate: false,
  };

  test("is told the absolute path by X-Sendfile", async () => {
    const { v2 } = open({ useXSendfile: true });
    const response = v2?.serve("app", "manifests/2/latest", request);
    expect(response?.status).toBe(200);
    expect(await response?.text()).toBe("");
    expect(Object.fromEntries(response?.headers ?? [])).toEqual({
      "cache-control": `no-cache, max-age=${POLLING_INTERVAL}`,
      "content-disposition": "attachment",
      "content-type": MEDIA_TYPE["2"],
      "docker-content-digest": manifestDigest,
      vary: "Accept",
      "x-content-type-options": "nosniff",
      "x-sendfile": `${v2Dir}/app/manifests/2/latest`,
    });
  });

  test.each(["/_content", "/_content/"])("is told the location below %s by X-Accel-Redirect", async (prefix) => {
    const { v1, v2 } = open({ xAccelRedirect: prefix });
    const v2Response = v2?.serve("app", `blobs/${blobDigest}`, request);
    expect(v2Response?.headers.get("x-accel-redirect")).toBe(`/_content/v2/app/blobs/${blobDigest}`);
    expect(v2Response?.headers.has("x-sendfile")).toBe(false);
    const v1Response = v1?.serve("app", `${IMAGE_ID}/layer`, request);
    expect(v1Response?.headers.get("x-accel-redirect")).toBe(`/_content/v1/app/${IMAGE_ID}/layer`);
  });

  test("gets a path that is safe in a header", async () => {
    write("v2/é\r\nSet-Cookie: %41?#/tags/list", "{}");
    const encoded = "%C3%A9%0D%0ASet-Cookie:%20%2541%3F%23/tags/list";
    const sendfile = open({ useXSendfile: true });
    const sent = sendfile.v2?.serve("é\r\nSet-Cookie: %41?#", "tags/list", request);
    const bytes = Buffer.from("é%0D%0ASet-Cookie: %2541?#/tags/list").toString("latin1");
    expect(sent?.headers.get("x-sendfile")).toBe(`${v2Dir}/${bytes}`);
    const accel = open({ xAccelRedirect: "/c" });
    const redirected = accel.v2?.serve("é\r\nSet-Cookie: %41?#", "tags/list", request);
    expect(redirected?.headers.get("x-accel-redirect")).toBe(`/c/v2/${encoded}`);
  });

  test("is not told of a file that is missing", async () => {
    const { v2 } = open({ useXSendfile: true });
    expect(v2?.serve("app", "blobs/none", request)).toBeUndefined();
  });
});

describe("createContent", () => {
  test("has nothing when serving is not enabled", () => {
    expect(open({ enable: false })).toEqual({});
  });

  test.each([
    ["is missing", join(directory, "missing"), "no such file or directory"],
    ["is a file", join(directory, "v2/app/empty"), "expected a directory"],
    ["is configured empty", "", "received an empty value"],
  ])("has nothing for an API whose directory %s, and logs an error", (_, contentDirV1, error) => {
    lines.length = 0;
    const content = open({ contentDirV1 });
    expect(Object.keys(content)).toEqual(["v2"]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: "error",
        message: expect.stringContaining("content_dir_v1"),
        directory: contentDirV1,
        error: expect.stringContaining(error),
      }),
    ]);
  });

  test("says which of two servers in front it believes in", () => {
    lines.length = 0;
    open({ useXSendfile: true, xAccelRedirect: "/c" });
    expect(lines.join("")).toContain("X-Accel-Redirect is sent");
  });
});
