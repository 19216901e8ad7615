/** Registries that are run in each way that makes a difference to the document, and what is asked of them. */

import { descriptorOf, digest, hex, INDEX, redirectFile } from "../../harness/redirect-files.ts";
import type { Sent } from "./requests.ts";

const file = (name: string, version: number, fields: object) =>
  redirectFile(version, name, { url: `http://cdn.test/${name}`, ...fields });

const EMPTY_INDEX = descriptorOf(INDEX, { manifests: [] });
const CONFIG = descriptorOf("application/vnd.oci.image.config.v1+json", { os: "linux" });

/** Redirect files of every kind. */
export const FILES = {
  "app.json": file("team/app", 5, {
    schema2_data: ["1.0", digest("2")],
    oci_index_data: ["1.1"],
    referrers: { [digest("2")]: [{ artifactType: "a/sbom", digest: digest("4") }] },
  }),
  "old.json": file("old", 4, { schema2_data: ["1.0"], manifest_list_data: [], manifest_list_amd64_tags: {} }),
  "gone.json": file("gone", 5, { schema2_data: ["1.0"] }),
  "v1.json": file("team/app", 1, { images: [{ id: hex("a"), Size: 3 }], tags: { "1.0": hex("a") } }),
};

/** The same with one of version 6. */
export const ALL_FILES = {
  ...FILES,
  "whole.json": file("whole", 6, { manifests: [EMPTY_INDEX], configs: [CONFIG], tags: { latest: EMPTY_INDEX.digest } }),
  "bare.json": file("bare", 6, {
    manifests: [{ ...EMPTY_INDEX, data: undefined }],
    tags: { latest: EMPTY_INDEX.digest },
  }),
};

const get = (target: string, headers: Sent["headers"] = {}): Sent => ({ method: "GET", target, headers });

const ANY = { Accept: "*/*" };

/** What every registry answers, wherever its files are. */
const EVERYWHERE: readonly Sent[] = [
  get("/v2/"),
  get("/v2"),
  get("/v2/_catalog"),
  get("/v2/_catalog?n=1"),
  get("/v2/_catalog?n=many"),
  get("/v2/team/app/manifests/1.0", ANY),
  get("/v2/team/app/manifests/none", ANY),
  get("/v2/no/such/manifests/1.0", ANY),
  get("/v2/UPPER/manifests/1.0", ANY),
  get(`/v2/team/app/blobs/${digest("6")}`),
  get("/v2/team/app/blobs/latest"),
  get(`/v2/no/such/blobs/${digest("6")}`),
  get(`/v2/UPPER/blobs/${digest("6")}`),
  get("/v2/whole/manifests/latest", ANY),
  get(`/v2/whole/manifests/${EMPTY_INDEX.digest}`, ANY),
  get("/v2/bare/manifests/latest", ANY),
  get("/v2/whole/manifests/none", ANY),
  get("/v2/whole/manifests/latest?ns=docker.io", ANY),
  get(`/v2/whole/blobs/${CONFIG.digest}`),
  get(`/v2/whole/blobs/${digest("6")}`),
  get("/v2/whole/tags/list"),
  get("/v2/team/app/tags/list"),
  get("/v2/team/app/tags/list?n=1"),
  get("/v2/team/app/tags/list?n=-1"),
  get("/v2/old/tags/list"),
  get("/v2/no/such/tags/list"),
  get("/v2/UPPER/tags/list"),
  get(`/v2/team/app/referrers/${digest("2")}`),
  get(`/v2/team/app/referrers/${digest("2")}?artifactType=b`),
  get("/v2/team/app/referrers/latest"),
  get(`/v2/old/referrers/${digest("2")}`),
  get(`/v2/no/such/referrers/${digest("2")}`),
  get(`/v2/UPPER/referrers/${digest("2")}`),
  get("/v1/_ping"),
  get("/v1/users"),
  get("/v1/users/"),
  { method: "POST", target: "/v1/users" },
  { method: "POST", target: "/v1/users/" },
  get("/v1/search?q=app"),
  get("/v1/search?q="),
  get("/v1/repositories/team/app/images"),
  get("/v1/repositories/no/such/images"),
  get("/v1/repositories/team/app/tags"),
  get("/v1/repositories/no/such/tags"),
  get("/v1/repositories/team/app/tags/1.0"),
  get("/v1/repositories/team/app/tags/none"),
  get(`/v1/images/${hex("a")}/json`),
  get(`/v1/images/${hex("b")}/json`),
  get("/healthz"),
  get("/readyz"),
  get("/metrics"),
  get("/metrics", { Accept: "application/openmetrics-text; version=1.0.0" }),
  get("/crane/repositories"),
  get("/crane/repositories", { Accept: "application/json" }),
  get("/crane/repositories/v1", { Accept: "application/json" }),
  get("/crane/repositories/v2", { Accept: "application/json" }),
  get("/crane/repositories/v2", { Accept: "text/html" }),
  get("/openapi.json"),
  get("/docs"),
  get("/", { Accept: "text/html" }),
  get("/"),
  get("/r/whole"),
  get("/r/team/app:1.0"),
  get("/r/none"),
];

/** Each GET as HEAD, too. */
const withHeads = (rows: readonly Sent[]): readonly Sent[] =>
  rows.flatMap((row) => (row.method === "GET" ? [row, { ...row, method: "HEAD" }] : [row]));

/** @param headers of every request, such as Authorization */
export const requestsOf = (headers: Sent["headers"] = {}): readonly Sent[] =>
  withHeads(EVERYWHERE.map((row) => ({ ...row, headers: { ...row.headers, ...headers } })));

const FILE_TARGETS = [
  "/v2/team/app/manifests/1.0",
  `/v2/team/app/blobs/${digest("2")}`,
  "/v2/old/tags/list",
  `/v1/images/${hex("a")}/json`,
];

/** Conditions and parts of files that are served. */
export const FILE_REQUESTS: readonly Sent[] = withHeads([
  ...FILE_TARGETS.flatMap((target) =>
    [
      {},
      { Range: "bytes=0-0" },
      { Range: "bytes=9999-" },
      { "If-None-Match": "*" },
      { "If-Match": '"other"' },
      { "If-Modified-Since": "Tue, 24 Nov 2099 00:00:00 GMT" },
      { "If-Unmodified-Since": "Sat, 24 Nov 1984 00:00:00 GMT" },
    ].map((headers) => get(target, { ...ANY, ...headers })),
  ),
  get(`/v1/images/${hex("a")}/layer`),
  get("/v2/gone/manifests/1.0", ANY),
  get(`/v2/gone/blobs/${digest("2")}`),
  get("/v2/gone/tags/list"),
]);

/** What is on disk for them, by path below `v1` and `v2`. */
export const CONTENT = {
  "v2/team-app/manifests/2/1.0": '{"schemaVersion":2}',
  [`v2/team-app/blobs/${digest("2")}`]: "a layer",
  "v2/old/tags/list": '{"name":"old","tags":["1.0"]}',
  [`v1/team-app/${hex("a")}/json`]: "{}",
  [`v1/team-app/${hex("a")}/layer`]: "a layer",
};
