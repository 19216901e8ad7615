import { describe, expect, test } from "bun:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { type Fields, parseJson, SOUND, soundFile, without } from "../core/redirect-file/samples.ts";
import { wholeFile } from "../core/whole-files.ts";
import { runCraned } from "../harness/craned.ts";
import { digest } from "../harness/redirect-files.ts";

const { out } = await runCraned(["schema"]);
// The strict mode of ajv is for its own users' schemas.
const validate = new Ajv({ strict: false }).compile(JSON.parse(out));

describe("the JSON Schema of redirect files", () => {
  test.each(Object.keys(SOUND))("takes a sound file of version %s", (version) => {
    expect(validate({ ...soundFile(version), $schema: "redirect-file.schema.json", comment: 1 })).toBe(true);
  });

  test("takes any sound file of version 6", () => {
    fc.assert(
      fc.property(wholeFile, (json) => {
        expect(validate(JSON.parse(json))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test.each(Object.keys(SOUND))("asks for each field that version %s needs", (version) => {
    for (const field of Object.keys(soundFile(version))) {
      const file = without(soundFile(version), field);
      expect(`${field} ${validate(file)}`).toBe(`${field} ${parseJson(file).ok}`);
    }
  });

  const descriptor = { mediaType: "a/b", digest: digest("a"), size: 1 };
  test.each<[string, Fields]>([
    ["1", { images: [{ id: "x" }] }],
    ["1", { tags: { latest: "x" } }],
    ["1", { "repo-registry-id": "a/b/c" }],
    ["2", { version: 7 }],
    ["2", { url: "ftp://host/" }],
    ["2", { url: "http://host/?x" }],
    ["2", { protected: "true" }],
    ["2", { Protected: true }],
    ["2", { "repo-registry-id": "A" }],
    ["2", { "repo-registry-id": "a".repeat(256) }],
    ["2", { star_count: 1.5 }],
    ["3", { schema2_data: ["a b"] }],
    ["4", { manifest_list_amd64_tags: { a: [digest("a"), 3] } }],
    ["5", { oci_index_data: [`sha256:${"A".repeat(64)}`] }],
    ["5", { referrers: { latest: [] } }],
    ["6", { manifests: {} }],
    ["6", { manifests: [{ ...descriptor, size: "1" }] }],
    ["6", { manifests: [{ ...descriptor, mediaType: "a" }] }],
    ["6", { manifests: [{ ...descriptor, digest: "md5:a" }] }],
    ["6", { configs: [descriptor] }],
    ["6", { tags: { latest: [] } }],
    ["6", { blobs: "blobs/{algorithm}" }],
  ])("refuses what is refused: version %s, %j", (version, fields) => {
    const file = { ...soundFile(version), ...fields };
    expect([validate(file), parseJson(file).ok]).toEqual([false, false]);
  });
});
