/** The registry that HTTP is asked of, and what it answers: a table of requests for each API. */
import { servedForAll } from "../harness/craned.ts";
import { digest, hex, INDEX, LIST, redirectFile, SCHEMA_1, SCHEMA_2 } from "../harness/redirect-files.ts";

const file = (name: string, version: number, fields: object) =>
  redirectFile(version, name, { url: `http://cdn.test/${name}`, ...fields });

/** Serves it for all tests of a file. */
export const serveRegistry = () =>
  servedForAll({
    "app.json": file("team/app", 5, {
      schema1_data: ["old", "every", digest("1")],
      schema2_data: ["1.0", "every", digest("2")],
      manifest_list_data: ["multi", "every", digest("3")],
      manifest_list_amd64_tags: { multi: [digest("2"), 2], "multi-old": [digest("7"), 1] },
      oci_manifest_data: ["art", "every", digest("4")],
      oci_index_data: ["every", digest("5")],
      referrers: {
        [digest("2")]: [
          { artifactType: "a/sbom", digest: digest("4") },
          { artifactType: "b/sig", digest: digest("8") },
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

interface Expected {
  readonly status: number;
  readonly location?: string;
  readonly code?: string;
  readonly json?: unknown;
}

export type Row = readonly [target: string, accept: string | undefined, expected: Expected];

const to = (location: string): Expected => ({ status: 302, location: `http://cdn.test/${location}` });
const code = (status: number, name: string): Expected => ({ status, code: name });
const ok = (json: unknown): Expected => ({ status: 200, json });

export const V2: readonly Row[] = [
  ["/v2/", undefined, ok({})],
  ["/v2", undefined, ok({})],
  ["/v2/team/app/manifests/every", undefined, to("team/app/manifests/1/every")],
  ["/v2/team/app/manifests/every", "*/*", to("team/app/manifests/index/every")],
  ["/v2/team/app/manifests/every", "application/*;q=0.1", to("team/app/manifests/index/every")],
  ["/v2/team/app/manifests/every", LIST.toUpperCase(), to("team/app/manifests/list/every")],
  ["/v2/team/app/manifests/every", `${INDEX};q=0.2, ${SCHEMA_2}`, to("team/app/manifests/2/every")],
  ["/v2/team/app/manifests/every", `*/*, ${INDEX};q=0`, to("team/app/manifests/list/every")],
  ["/v2/team/app/manifests/every", "application/json", to("team/app/manifests/1/every")],
  ["/v2/team/app/manifests/multi", SCHEMA_2, to(`team/app/manifests/2/${digest("2")}`)],
  ["/v2/team/app/manifests/multi-old", "*/*", to(`team/app/manifests/1/${digest("7")}`)],
  ["/v2/team/app/manifests/old", SCHEMA_2, code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/1.0", undefined, code(404, "MANIFEST_UNKNOWN")],
  ["/v2/team/app/manifests/none", "*/*", code(404, "MANIFEST_UNKNOWN")],
  [`/v2/team/app/manifests/${digest("5")}`, SCHEMA_1, to(`team/app/manifests/index/${digest("5")}`)],
  [`/v2/team/app/manifests/${digest("7")}`, undefined, to(`team/app/manifests/1/${digest("7")}`)],
  [`/v2/team/app/manifests/${digest("9")}`, "*/*", code(404, "MANIFEST_UNKNOWN")],
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
  ["/v2/only/v1/manifests/latest", "*/*", code(404, "MANIFEST_UNKNOWN")],
  ["/v2/only/v1/tags/list", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/no/such/manifests/latest", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/UPPER/manifests/latest", "*/*", code(404, "NAME_INVALID")],
  [`/v2/${"a".repeat(256)}/manifests/latest`, "*/*", code(404, "NAME_INVALID")],
  [`/v2/team/app/blobs/${digest("6")}`, undefined, to(`team/app/blobs/${digest("6")}`)],
  ["/v2/team/app/blobs/sha256:abc", undefined, code(400, "DIGEST_INVALID")],
  ["/v2/team/app/blobs/latest", undefined, code(400, "DIGEST_INVALID")],
  [`/v2/no/such/blobs/${digest("6")}`, undefined, code(404, "NAME_UNKNOWN")],
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
  [`/v2/blind/referrers/${digest("2")}`, undefined, code(404, "UNSUPPORTED")],
  [`/v2/no/such/referrers/${digest("2")}`, undefined, code(404, "NAME_UNKNOWN")],
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
  ["/v2/team%2Fapp/manifests/1.0", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/team/app/manifests/%31.0", "*/*", code(404, "NAME_UNKNOWN")],
  [
    `/v2/team/app/manifests/${digest("5").replace(":", "%3A")}`,
    SCHEMA_1,
    to(`team/app/manifests/index/${digest("5")}`),
  ],
  ["/v2/team/./app/manifests/1.0", "*/*", to("team/app/manifests/2/1.0")],
  ["/v2/x/../team/app/manifests/1.0", "*/*", to("team/app/manifests/2/1.0")],
  ["/v2/x/%2e%2e/team/app/manifests/1.0", "*/*", to("team/app/manifests/2/1.0")],
  ["/v2//team/app/manifests/1.0", "*/*", code(404, "NAME_INVALID")],
  ["/v2/team\\app/manifests/1.0", "*/*", to("team/app/manifests/2/1.0")],
  ["/v2/team/app/manifests/1.0%00", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/team/app/manifests/1.0%0d%0aX:y", "*/*", code(404, "NAME_UNKNOWN")],
  ["/v2/team/app/blobs/..%2f..%2fetc", undefined, code(404, "NAME_UNKNOWN")],
  ["/v2/team/app/blobs/../../x", undefined, code(404, "NAME_UNKNOWN")],
];

const text = (status: number): Expected => ({ status });

export const V1: readonly Row[] = [
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
