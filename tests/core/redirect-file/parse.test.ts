import { describe, expect, test } from "bun:test";
import { digest } from "../../harness/redirect-files.ts";
import { faultsOf, ID, parseJson, parseText, repositoryOf, SOUND, soundFile, without } from "./samples.ts";

describe("a sound file", () => {
  test.each(Object.keys(SOUND))("of version %s is read", (version) => {
    const repository = repositoryOf(parseJson(soundFile(version)));
    expect(repository).toMatchObject({
      api: version === "1" ? "v1" : "v2",
      version: Number(version),
      name: "team/app",
      repository: "team-app",
      url: "https://cdn.example.com/app/",
      isProtected: version === "5",
    });
  });

  test("of version 1 keeps its images as they are, and its tags", () => {
    const repository = repositoryOf(parseJson(soundFile("1")));
    expect(repository).toMatchObject({ images: [{ id: ID, size: 3 }] });
    expect<unknown>(repository.api === "v1" && [...repository.tags]).toEqual([["latest", ID]]);
  });

  test("of version 5 has all of its references in one table, in order", () => {
    const repository = repositoryOf(parseJson(soundFile("5")));
    if (repository.api !== "v2" || repository.version === 6) throw new Error("not a v2 file");
    const { references, kinds } = repository.manifests;
    expect(references.map((reference, at) => `${reference} ${kinds.charCodeAt(at)}`)).toEqual([
      "index 16",
      "latest 6",
      "map 0",
      "oci 8",
      "one 1",
      `${digest("a")} 2`,
      `${digest("b")} 1`,
    ]);
    expect<unknown>([...repository.amd64]).toEqual([
      ["latest", { digest: digest("a"), kind: "2" }],
      ["map", { digest: digest("b"), kind: "1" }],
    ]);
    expect<unknown>([...repository.referrers]).toEqual([
      [digest("c"), [{ mediaType: "application/spdx+json", annotations: { a: "b" } }]],
    ]);
  });

  test.each([
    ["protected", "1"],
    ["protected", "5"],
    ["type", "5"],
    ...["schema1_data", "schema2_data", "manifest_list_data", "manifest_list_amd64_tags"].map((field) => [field, "5"]),
    ...["oci_manifest_data", "oci_index_data", "referrers"].map((field) => [field, "5"]),
  ])("may leave out %s (version %s)", (field = "", version = "") => {
    expect(faultsOf(parseJson(without(soundFile(version), field)))).toEqual([]);
  });

  test("is open to all unless it says otherwise", () => {
    expect(repositoryOf(parseJson(soundFile("2"))).isProtected).toBe(false);
  });

  test.each(Object.keys(SOUND))("of version %s may say what people who search want to know", (version) => {
    const said = { description: "Bücher 📚", star_count: 7, is_official: true, is_trusted: false };
    expect(repositoryOf(parseJson({ ...soundFile(version), ...said })).about).toEqual({
      description: "Bücher 📚",
      starCount: 7,
      isOfficial: true,
      isTrusted: false,
    });
  });

  const NOTHING = { description: "", starCount: 0, isOfficial: false, isTrusted: false };
  test.each([
    [{ description: "x" }, { ...NOTHING, description: "x" }],
    [{ star_count: 1 }, { ...NOTHING, starCount: 1 }],
    [{ is_official: true }, { ...NOTHING, isOfficial: true }],
    [{ is_trusted: true }, { ...NOTHING, isTrusted: true }],
    [{ description: "", star_count: 0, is_official: false, is_trusted: false }, undefined],
    [{}, undefined],
  ])("may say of that only %j", (said, about) => {
    expect(repositoryOf(parseJson({ ...soundFile("2"), ...said })).about).toEqual(about);
  });

  test.each([
    ["a field of no version", "5", { comment: [1, { two: 3 }], Version: 6 }],
    ["fields of other versions, whatever they hold", "2", { images: 1, tags: 2, schema2_data: 3, referrers: 4 }],
    ["fields of later versions", "3", { manifest_list_data: "x", manifest_list_amd64_tags: [] }],
    ["fields of version 5 in version 4", "4", { schema1_data: 1, oci_index_data: 2, referrers: 3 }],
    ["fields of v2 files in a v1 file", "1", { schema1_data: 1, manifest_list_amd64_tags: 2 }],
  ])("may have %s", (_, version, extra) => {
    expect(faultsOf(parseJson({ ...soundFile(version), ...extra }))).toEqual([]);
    expect(repositoryOf(parseJson({ ...soundFile(version), ...extra }))).toEqual(
      repositoryOf(parseJson(soundFile(version))),
    );
  });

  test.each([
    ["https://cdn.example.com/app", "https://cdn.example.com/app/"],
    ["http://localhost:8080", "http://localhost:8080/"],
    ["HTTPS://CDN.example.com/App/", "HTTPS://CDN.example.com/App/"],
    ["http://[::1]:80/a%20b/", "http://[::1]:80/a%20b/"],
    ["http://h/ä", "http://h/%C3%A4/"],
    ["http://bücher.example/", "http://xn--bcher-kva.example/"],
  ])("may have the url %s, served as %s", (url, served) => {
    expect(repositoryOf(parseJson({ ...soundFile("2"), url })).url).toBe(served);
  });

  test("may begin with a byte order mark", () => {
    expect(faultsOf(parseText(`\ufeff${JSON.stringify(soundFile("2"))}`))).toEqual([]);
  });
});
