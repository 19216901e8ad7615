import { describe, expect, test } from "bun:test";
import {
  digest,
  INDEX,
  LIST,
  OCI,
  redirectFile,
  SCHEMA_1,
  SCHEMA_1_UNSIGNED,
  SCHEMA_2,
  v2,
  v4,
  v5,
} from "../harness/redirect-files.ts";
import { resolve } from "./resolving.ts";

/** Reference, Accept header, path below the url or why there is none. */
type Row = readonly [sentence: string, reference: string, accept: string | undefined, outcome: string];

function check(file: object, rows: readonly Row[]): void {
  const json = JSON.stringify(file);
  test.each(rows.map((row) => [...row] as const))("%s", (_, reference, accept, outcome) => {
    const resolution = resolve(json, reference, accept);
    expect(resolution.kind === "path" ? resolution.path : resolution.kind === "unknown" && resolution.why).toBe(
      outcome,
    );
  });
}

describe("version 2 keeps all manifests in one directory", () => {
  check(v2("team/app"), [
    ["a tag, with no Accept header", "latest", undefined, "manifests/latest"],
    ["a tag, whatever the client accepts", "latest", LIST, "manifests/latest"],
    ["a tag, even of a client that excludes everything", "latest", "*/*;q=0", "manifests/latest"],
    ["a digest", digest("a"), SCHEMA_2, `manifests/${digest("a")}`],
  ]);
});

describe("versions 3 and 4 with nothing listed hold schema 1 only", () => {
  check(redirectFile(3, "team/app", { schema2_data: [] }), [
    ["version 3", "latest", `${SCHEMA_2},${LIST}`, "manifests/1/latest"],
  ]);
  check(v4("team/app", { manifest_list_amd64_tags: { latest: [digest("a"), 2] } }), [
    ["version 4, even where the amd64 map has the tag", "latest", `${SCHEMA_2},${LIST}`, "manifests/1/latest"],
  ]);
});

describe("version 3 knows schema 2", () => {
  check(
    redirectFile(3, "team/app", {
      schema2_data: ["both", digest("a")],
      // Not a field of this version: ignored.
      manifest_list_data: ["both"],
      manifest_list_amd64_tags: { both: [digest("b"), 2] },
    }),
    [
      ["a listed tag, for a client of schema 2", "both", SCHEMA_2, "manifests/2/both"],
      ["a listed digest, for a client of schema 2", digest("a"), SCHEMA_2, `manifests/2/${digest("a")}`],
      ["a listed tag, for another client", "both", SCHEMA_1, "manifests/1/both"],
      ["fields of later versions do not count", "both", `${LIST},${SCHEMA_2}`, "manifests/2/both"],
      ["an unlisted tag is redirected blindly", "unheard-of", SCHEMA_2, "manifests/1/unheard-of"],
    ],
  );
});

describe("version 4 knows lists too", () => {
  const four = v4("team/app", {
    schema2_data: ["two", "all", digest("a")],
    manifest_list_data: ["all", "old", "bare", digest("c")],
    manifest_list_amd64_tags: { all: [digest("a"), 2], old: [digest("b"), 1] },
  });
  check(four, [
    ["1: a list, for a client of lists", "all", `${SCHEMA_2}, ${LIST}`, "manifests/list/all"],
    ["1: a list by digest", digest("c"), LIST, `manifests/list/${digest("c")}`],
    ["2: its amd64 manifest, for a client of schema 2", "all", SCHEMA_2, `manifests/2/${digest("a")}`],
    ["2: its amd64 manifest of schema 1, for a client of schema 2", "old", SCHEMA_2, `manifests/1/${digest("b")}`],
    ["2: its amd64 manifest of schema 1, for a client of neither", "old", undefined, `manifests/1/${digest("b")}`],
    ["2: blindly schema 1, when the client could not read the amd64 manifest", "all", undefined, "manifests/1/all"],
    ["3: schema 2, for a client of schema 2", "two", SCHEMA_2, "manifests/2/two"],
    ["4: schema 1 for everything else", "two", LIST, "manifests/1/two"],
    ["4: a list with no amd64 manifest, for a client of schema 2", "bare", SCHEMA_2, "manifests/1/bare"],
    ["4: an unlisted tag", "unheard-of", `${SCHEMA_2},${LIST}`, "manifests/1/unheard-of"],
    ["4: an unlisted digest", digest("f"), `${SCHEMA_2},${LIST}`, `manifests/1/${digest("f")}`],
    ["everything matches nothing", "all", "*/*, application/*", "manifests/1/all"],
    ["types are compared to the letter", "all", LIST.toUpperCase(), "manifests/1/all"],
    ["q does not count, not even 0", "all", `${LIST};q=0`, "manifests/list/all"],
  ]);
});

describe("version 5: a digest names one manifest, whatever the client accepts", () => {
  const five = v5("team/app", {
    schema1_data: [digest("1"), digest("5")],
    schema2_data: [digest("2"), digest("1")],
    oci_manifest_data: [digest("3"), digest("2")],
    manifest_list_data: [digest("4"), digest("3")],
    oci_index_data: [digest("6"), digest("4")],
    manifest_list_amd64_tags: { x: [digest("7"), 2], y: [digest("8"), 1], z: [digest("5"), 2] },
  });
  check(five, [
    ["an index", digest("6"), undefined, `manifests/index/${digest("6")}`],
    ["an index before a list", digest("4"), undefined, `manifests/index/${digest("4")}`],
    ["a list before an OCI manifest", digest("3"), SCHEMA_1, `manifests/list/${digest("3")}`],
    ["an OCI manifest before schema 2", digest("2"), "*/*;q=0", `manifests/oci/${digest("2")}`],
    ["schema 2 before schema 1", digest("1"), "text/html", `manifests/2/${digest("1")}`],
    ["one that only the amd64 map names, as schema 2", digest("7"), undefined, `manifests/2/${digest("7")}`],
    ["one that only the amd64 map names, as schema 1", digest("8"), OCI, `manifests/1/${digest("8")}`],
    ["a list's word counts before the amd64 map's", digest("5"), undefined, `manifests/1/${digest("5")}`],
    ["one named nowhere is unknown", digest("0"), "*/*", "unknown"],
  ]);
});

describe("version 5: a tag is what the client prefers of what it may be", () => {
  const amd64 = digest("a");
  const old = digest("b");
  const five = v5("team/app", {
    schema1_data: ["all", "one", "old", "1-and-2"],
    schema2_data: ["all", "1-and-2"],
    oci_manifest_data: ["all", "oci"],
    manifest_list_data: ["all", "list", "old"],
    oci_index_data: ["all", "index"],
    manifest_list_amd64_tags: { all: [amd64, 2], list: [amd64, 2], old: [old, 1], "map-only": [amd64, 2] },
  });
  const everyType = [SCHEMA_1, SCHEMA_2, OCI, LIST, INDEX].join(", ");
  check(five, [
    ["first the index", "all", everyType, "manifests/index/all"],
    ["then the list", "all", [SCHEMA_1, SCHEMA_2, OCI, LIST].join(), "manifests/list/all"],
    ["then the list's amd64 manifest", "all", [SCHEMA_1, SCHEMA_2, OCI].join(), `manifests/2/${amd64}`],
    ["then the OCI manifest", "all", [SCHEMA_1, OCI].join(), "manifests/oci/all"],
    ["then schema 1", "all", SCHEMA_1, "manifests/1/all"],
    ["schema 2 before schema 1", "1-and-2", `${SCHEMA_1},${SCHEMA_2}`, "manifests/2/1-and-2"],
    ["an amd64 manifest of schema 1", "old", SCHEMA_1, `manifests/1/${old}`],
    ["a tag that only the amd64 map has", "map-only", SCHEMA_2, `manifests/2/${amd64}`],
    ["q orders before preference does", "all", `${INDEX};q=0.5, ${OCI};q=0.9`, "manifests/oci/all"],
    ["q=0 excludes", "all", `*/*, ${INDEX};q=0, ${LIST};q=0.0`, `manifests/2/${amd64}`],
    ["the most specific range gives the q", "all", `*/*;q=0.1, ${SCHEMA_1};q=0.2`, "manifests/1/all"],
    ["no Accept header takes schema 1", "one", undefined, "manifests/1/one"],
    ["no Accept header takes nothing else", "index", undefined, "not-acceptable"],
    ["plain JSON takes schema 1", "one", "application/json", "manifests/1/one"],
    ["the unsigned type takes schema 1", "one", SCHEMA_1_UNSIGNED, "manifests/1/one"],
    ["types without regard to case", "oci", OCI.toUpperCase(), "manifests/oci/oci"],
    ["everything", "index", "*/*", "manifests/index/index"],
    ["every application", "list", "APPLICATION/*", "manifests/list/list"],
    ["a tag only in schema1_data is not for a client of schema 2", "one", SCHEMA_2, "not-acceptable"],
    ["a list without a readable form is not for a client of OCI", "list", OCI, "not-acceptable"],
    ["a tag named nowhere is unknown", "unheard-of", everyType, "unknown"],
    ["and unknown without an Accept header too", "unheard-of", undefined, "unknown"],
    ["a name of Object's own is no tag", "constructor", "*/*", "unknown"],
    ["nor is __proto__", "__proto__", "*/*", "unknown"],
  ]);
});

describe("Story 2735: a tag that only the v1 file has", () => {
  const docker = [SCHEMA_2, LIST, SCHEMA_1, "application/json"].join(", ");
  check(v5("team/app", { schema2_data: ["latest"], manifest_list_data: [] }), [
    ["is unknown, so that docker falls back to v1", "1-ubuntu", docker, "unknown"],
    ["is unknown to an old docker too", "1-ubuntu", undefined, "unknown"],
    ["while another is found", "latest", docker, "manifests/2/latest"],
  ]);
  check(v5("team/app"), [["an empty version 5 file knows nothing", "1-ubuntu", docker, "unknown"]]);
});
