/** What the registry answers: one table of requests, each to the listening binary. */
import { describe, expect, test } from "bun:test";
import { servedForAll } from "./harness/craned.ts";
import { ask } from "./harness/raw.ts";

const hex = (digit: string): string => digit.repeat(64);
const D = (digit: string): string => `sha256:${hex(digit)}`;

const ACCEPT = {
  schema1: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  schema2: "application/vnd.docker.distribution.manifest.v2+json",
  list: "application/vnd.docker.distribution.manifest.list.v2+json",
  oci: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
} as const;

const file = (name: string, version: number, rest: object) => ({
  version,
  repository: name.replaceAll("/", "-"),
  "repo-registry-id": name,
  url: `http://cdn.test/${name}`,
  ...rest,
});

const served = servedForAll({
  "app.json": file("team/app", 5, {
    schema1_data: ["old", "every", D("1")],
    schema2_data: ["1.0", "every", D("2")],
    manifest_list_data: ["multi", "every", D("3")],
    manifest_list_amd64_tags: { multi: [D("2"), 2], "multi-old": [D("7"), 1] },
    oci_manifest_data: ["art", "every", D("4")],
    oci_index_data: ["every", D("5")],
    referrers: {
      [D("2")]: [
        { artifactType: "a/sbom", digest: D("4") },
        { artifactType: "b/sig", digest: D("8") },
      ],
    },
  }),
  "empty.json": file("empty", 5, {}),
  "blind.json": file("blind", 4, {
    schema2_data: ["1.0"],
    manifest_list_data: [],
    manifest_list_amd64_tags: {},
  }),
  "flat.json": file("flat", 2, {}),
  "words.json": file("tags/manifests/blobs", 5, { schema2_data: ["tags", "manifests"] }),
  "both-v1.json": file("both", 1, { images: [{ id: hex("a"), Size: 3 }], tags: { "1-ubuntu": hex("a") } }),
  "both-v5.json": file("both", 5, { schema2_data: ["2"] }),
  "only-v1.json": file("only/v1", 1, { images: [{ id: hex("b") }, { id: hex("a") }], tags: {} }),
  "secret-v1.json": file("a/secret", 1, {
    images: [{ id: hex("c") }, { id: hex("a") }],
    tags: { t: hex("c") },
    protected: true,
  }),
  "secret-v2.json": file("secret", 5, { schema2_data: ["t"], protected: true }),
});

type Expected = {
  readonly status: number;
  readonly location?: string;
  readonly code?: string;
  readonly json?: unknown;
};
type Row = readonly [target: string, accept: string | undefined, expected: Expected];

const to = (location: string): Expected => ({ status: 302, location: `http://cdn.test/${location}` });
const code = (status: number, name: string): Expected => ({ status, code: name });
const ok = (json: unknown): Expected => ({ status: 200, json });

const V2: readonly Row[] = [
  ["/v2/", undefined, ok({})],
  ["/v2", undefined, ok({})],
  ["/v2/team/app/manifests/every", undefined, to("team/app/manifests/1/every")],
  ["/v2/team/app/manifests/every", "*/*", to("team/app/manifests/index/every")],
  ["/v2/team/app/manifests/every", "application/*;q=0.1", to("team/app/manifests/index/every")],
  ["/v2/team/app/manifests/every", ACCEPT.list.toUpperCase(), to("team/app/manifests/list/every")],
  ["/v2/team/app/manifests/every", `${ACCEPT.index};q=0.2, ${ACCEPT.schema2}`, to("team/app/manifests/2/every")],
  ["/v2/team/app/manifests/every", `*/*, ${ACCEPT.index};q=0`, to("team/app/manifests/list/every")],
  ["/v2/team/app/manifests/every", "application/json", to("team/app/manifests/1/every")],
  ["/v2/team/app/manifests/multi", ACCEPT.schema2, to(`team/app/manifests/2/${D("2")}`)],
  ["/v2/team/app/manifests/multi-old", "*/*", to(`team/app/manifests/1/${D("7")}`)],
  ["/v2/team/app/manifests/old", ACCEPT.schema2, code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/1.0", undefined, code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/none", "*/*", code(404, "MANIFEST_UNKNOWN")],
  [`/v2/team/app/manifests/${D("5")}`, ACCEPT.schema1, to(`team/app/manifests/index/${D("5")}`)],
  [`/v2/team/app/manifests/${D("7")}`, undefined, to(`team/app/manifests/1/${D("7")}`)],
  [`/v2/team/app/manifests/${D("9")}`, "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/1.0?ns=docker.io", "*/*", to("team/app/manifests/2/1.0")],
  ["/v2/team/app/manifests/sha256:abc", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/", "*/*", code(404, "MANIFEST_UNKNOWN")],
  [`/v2/team/app/manifests/${"t".repeat(129)}`, "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/empty/manifests/latest", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/blind/manifests/whatever", "*/*", to("blind/manifests/1/whatever")],
  ["/v2/flat/manifests/whatever", "*/*", to("flat/manifests/whatever")],
  ["/v2/tags/manifests/blobs/manifests/tags", "*/*", to("tags/manifests/blobs/manifests/2/tags")],
  ["/v2/tags/manifests/blobs/manifests/manifests", "*/*", to("tags/manifests/blobs/manifests/2/manifests")],
  ["/v2/tags/manifests/blobs/tags/list", "*/*", ok({ name: "tags/manifests/blobs", tags: ["manifests", "tags"] })],
  ["/v2/both/manifests/1-ubuntu", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/only/v1/manifests/latest", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/no/such/manifests/latest", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/UPPER/manifests/latest", "*/*", code(404, "NAME_INVALID")],
  [`/v2/${"a".repeat(256)}/manifests/latest`, "*/*", code(404, "NAME_INVALID")],
  [`/v2/team/app/blobs/${D("6")}`, undefined, to(`team/app/blobs/${D("6")}`)],
  ["/v2/team/app/blobs/sha256:abc", undefined, code(400, "DIGEST_INVALID")],
  ["/v2/team/app/blobs/latest", undefined, code(400, "DIGEST_INVALID")],
  [`/v2/no/such/blobs/${D("6")}`, undefined, code(404, "NAME_UNKNOWN")],
  [
    "/v2/team/app/tags/list",
    undefined,
    ok({ name: "team/app", tags: ["1.0", "art", "every", "multi", "multi-old", "old"] }),
  ],
  ["/v2/team/app/tags/list?n=0", undefined, ok({ name: "team/app", tags: [] })],
  ["/v2/team/app/tags/list?last=every", undefined, ok({ name: "team/app", tags: ["multi", "multi-old", "old"] })],
  ["/v2/team/app/tags/list?n=-1", undefined, code(400, "PAGINATION_NUMBER_INVALID")],
  ["/v2/team/app/tags/list?n=1.5", undefined, code(400, "PAGINATION_NUMBER_INVALID")],
  ["/v2/team/app/tags/list?n=", undefined, code(400, "PAGINATION_NUMBER_INVALID")],
  ["/v2/team/app/tags/latest", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/empty/tags/list", undefined, ok({ name: "empty", tags: [] })],
  ["/v2/blind/tags/list?n=1", undefined, to("blind/tags/list")],
  ["/v2/no/such/tags/list", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/blind/referrers/sha256:abc", undefined, code(400, "DIGEST_INVALID")],
  [`/v2/blind/referrers/${D("2")}`, undefined, code(404, "UNSUPPORTED")],
  [`/v2/no/such/referrers/${D("2")}`, undefined, code(404, "NAME_UNKNOWN")],
  [
    "/v2/_catalog",
    undefined,
    ok({ repositories: ["blind", "both", "empty", "flat", "tags/manifests/blobs", "team/app"] }),
  ],
  [
    "/v2/_catalog?last=both&n=9",
    undefined,
    ok({ repositories: ["empty", "flat", "tags/manifests/blobs", "team/app"] }),
  ],
  ["/v2/_catalog?n=many", undefined, code(400, "PAGINATION_NUMBER_INVALID")],
  ["/v2/nothing", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/team%2Fapp/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/team/app/manifests/%31.0", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/./app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/x/../team/app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/x/%2e%2e/team/app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2//team/app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/team\\app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/team/app/manifests/1.0%00", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/1.0%0d%0aX:y", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/blobs/..%2f..%2fetc", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/team/app/blobs/../../x", undefined, code(404, "NAME_UNKNOWN")],
];

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
      next = /^<(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(tags).toEqual(["1.0", "art", "every", "multi", "multi-old", "old"]);
  });

  test("referrers are an image index, filtered when asked", async () => {
    const target = `/v2/team/app/referrers/${D("2")}`;
    const all = await ask(served.port(), target);
    expect(all.headers.get("content-type")).toBe(ACCEPT.index);
    expect(all.headers.has("oci-filters-applied")).toBe(false);
    const index = JSON.parse(all.body);
    expect([index.schemaVersion, index.mediaType, index.manifests.length]).toEqual([2, ACCEPT.index, 2]);
    const filtered = await ask(served.port(), `${target}?artifactType=b%2Fsig`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(JSON.parse(filtered.body).manifests).toEqual([{ artifactType: "b/sig", digest: D("8") }]);
    const none = await ask(served.port(), `/v2/team/app/referrers/${D("9")}`);
    expect(JSON.parse(none.body).manifests).toEqual([]);
  });

  test("an unknown tag is answered to the letter as Story 2735 wants it", async () => {
    const answer = await ask(served.port(), "/v2/both/manifests/1-ubuntu", { headers: { Accept: ACCEPT.schema2 } });
    expect(answer.head.split("\r\n").slice(0, 3)).toEqual([
      "HTTP/1.1 404 Not Found",
      "Content-Type: application/json",
      "Docker-Distribution-API-Version: registry/2.0",
    ]);
    expect(answer.body).toBe('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}');
  });

  const anonymous = (answer: { head: string; body: string }) =>
    `${answer.head.replace(/Date: .*/, "")}\n${answer.body}`;
  for (const suffix of ["manifests/t", "manifests/x", `blobs/${D("1")}`, "tags/list", `referrers/${D("1")}`]) {
    test(`a protected repository is answered byte for byte as one that is not there: ${suffix}`, async () => {
      const secret = await ask(served.port(), `/v2/secret/${suffix}`, { headers: { Accept: "*/*" } });
      const absent = await ask(served.port(), `/v2/absent/${suffix}`, { headers: { Accept: "*/*" } });
      expect(secret.status).toBe(404);
      expect(anonymous(secret)).toBe(anonymous(absent));
    });
  }
});

const text = (status: number): Expected => ({ status });

const V1: readonly Row[] = [
  ["/v1/_ping", undefined, ok(true)],
  ["/v1/users", undefined, ok("OK")],
  ["/v1/users/", undefined, ok("OK")],
  ["/v1/repositories/both/images", undefined, ok([{ id: hex("a"), Size: 3 }])],
  ["/v1/repositories/library/both/images", undefined, ok([{ id: hex("a"), Size: 3 }])],
  ["/v1/repositories/both/tags", undefined, ok({ "1-ubuntu": hex("a") })],
  ["/v1/repositories/both/tags/1-ubuntu", undefined, ok(hex("a"))],
  ["/v1/repositories/only/v1/tags", undefined, ok({})],
  ["/v1/repositories/both/tags/none", undefined, text(404)],
  ["/v1/repositories/both/tags/a%2fb", undefined, text(404)],
  ["/v1/repositories/a/b/c/images", undefined, text(404)],
  ["/v1/repositories/a/secret/images", undefined, text(404)],
  ["/v1/repositories/a/secret/tags/t", undefined, text(404)],
  ["/v1/repositories/team/app/images", undefined, text(404)],
  [`/v1/images/${hex("b")}/json`, undefined, to(`only/v1/${hex("b")}/json`)],
  [`/v1/images/${hex("a")}/layer`, undefined, to(`both/${hex("a")}/layer`)],
  [`/v1/images/${hex("a")}/checksum`, undefined, text(404)],
  [`/v1/images/${hex("c")}/json`, undefined, text(404)],
  ["/v1/images/abc/json", undefined, text(404)],
  ["/v1/search", undefined, text(400)],
  ["/v1/search?q=", undefined, text(400)],
  ["/v1/nothing", undefined, text(404)],
  ["/v1/..%2fv2/", undefined, text(404)],
];

describe("v1", () => {
  for (const [target, , { status, location, json }] of V1) {
    test(target, async () => {
      const answer = await ask(served.port(), target);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("x-docker-registry-version")).toBe("0.6.6");
      expect(answer.headers.get("x-docker-registry-config")).toBe("common");
      expect(answer.headers.get("location")).toBe(location);
      if (json !== undefined) expect(JSON.parse(answer.body)).toEqual(json);
      if (status === 200) expect(answer.headers.get("content-type")).toBe("application/json");
      if (status >= 400) expect(answer.headers.get("content-type")).toStartWith("text/plain");
    });
  }

  test("names the endpoint that the client knows", async () => {
    const answer = await ask(served.port(), "/v1/repositories/both/images", { headers: { Host: "crane.test:81" } });
    expect(answer.headers.get("x-docker-endpoints")).toBe("crane.test:81");
  });

  test("searches the names that anybody may see, on both APIs", async () => {
    const { num_results, results } = JSON.parse((await ask(served.port(), "/v1/search?q=T")).body);
    expect(num_results).toBe(5);
    const names: string[] = results.map((each: { name: string }) => each.name);
    expect(names).toEqual(["tags/manifests/blobs", "team/app", "both", "empty", "flat"]);
  });

  test("takes the posts that docker login makes, and keeps nothing", async () => {
    const answer = await ask(served.port(), "/v1/users/", { method: "POST", headers: { "Content-Length": "0" } });
    expect([answer.status, answer.body]).toEqual([201, '"User Created"']);
  });
});

describe("methods", () => {
  const withoutBody = ({ head }: { head: string }) => head.replace(/Date: .*\r?\n?/, "");
  for (const [target, accept] of [...V2, ...V1]) {
    test(`HEAD is GET without its body: ${target} ${accept ?? ""}`, async () => {
      const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
      const got = await ask(served.port(), target, { headers });
      const headed = await ask(served.port(), target, { headers, method: "HEAD" });
      expect(withoutBody(headed)).toBe(withoutBody(got));
      expect(headed.body).toBe("");
    });
  }

  const ROWS: readonly (readonly [method: string, target: string, allow: string])[] = [
    ["PUT", "/v2/team/app/manifests/1.0", "GET, HEAD"],
    ["DELETE", `/v2/team/app/manifests/${D("2")}`, "GET, HEAD"],
    ["POST", "/v2/team/app/blobs/uploads/", "GET, HEAD"],
    ["PATCH", "/v2/_catalog", "GET, HEAD"],
    ["OPTIONS", "/v2/", "GET, HEAD"],
    ["TRACE", "/v2/team/app/tags/list", "GET, HEAD"],
    ["CONNECT", "/v2/team/app/tags/list", "GET, HEAD"],
    ["NONSENSE", "/v2/secret/manifests/t", "GET, HEAD"],
    ["get", "/v2/", "GET, HEAD"],
    ["PUT", "/v1/repositories/both/images", "GET, HEAD"],
    ["DELETE", "/v1/users", "GET, HEAD, POST"],
  ];
  for (const [method, target, allow] of ROWS) {
    test(`${method} ${target} is not allowed`, async () => {
      const answer = await ask(served.port(), target, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe(allow);
      if (target.startsWith("/v2")) expect(JSON.parse(answer.body).errors[0].code).toBe("UNSUPPORTED");
      else expect(answer.headers.get("content-type")).toStartWith("text/plain");
    });
  }
});

describe("health", () => {
  test("says that it lives, and how the data stands", async () => {
    expect(JSON.parse((await ask(served.port(), "/healthz")).body)).toEqual({ status: "alive" });
    const ready = JSON.parse((await ask(served.port(), "/readyz")).body);
    expect(ready).toEqual({ status: "ready", repositories: 10, faults: 0 });
  });

  test("answers what is nowhere in plain text", async () => {
    const answer = await ask(served.port(), "/nowhere");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "text/plain; charset=utf-8"]);
  });
});
