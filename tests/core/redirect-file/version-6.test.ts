import { describe, expect, test } from "bun:test";
import { describeWarning } from "../../../lib/core/redirect-file/fault.ts";
import { descriptorOf, digest, INDEX, OCI, SCHEMA_1, sha256 } from "../../harness/redirect-files.ts";
import { type Fields, faultsOf, parseJson, repositoryOf, soundFile } from "./samples.ts";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const image = descriptorOf(OCI, { schemaVersion: 2, mediaType: OCI });
const other = descriptorOf(OCI, { schemaVersion: 2, layers: [] });
const config = descriptorOf(CONFIG, "{}");
const sound = { ...soundFile("6"), manifests: [image], tags: {}, configs: [] };

const wrongSum = digest("0");
const inBase64 = (text: string) => Buffer.from(text).toString("base64");
const withBytes = (bytes: Uint8Array) => ({
  ...image,
  size: bytes.length,
  digest: sha256(bytes),
  data: Buffer.from(bytes).toString("base64"),
});

describe("data is checked, and a fault names the descriptor's index", () => {
  const MEDIA_TYPE = "a media type";
  test.each<[string, unknown, string]>([
    ["no descriptor", "x", 'manifests[1]: expected a descriptor, received "x"'],
    [
      "no media type",
      { ...other, mediaType: undefined },
      `manifests[1].mediaType: expected ${MEDIA_TYPE}, received nothing`,
    ],
    [
      "a media type of two lines",
      { ...other, mediaType: "a/b\r\nX: y" },
      `manifests[1].mediaType: expected ${MEDIA_TYPE}, received "a/b\\r\\nX: y"`,
    ],
    ["no digest", { ...other, digest: 1 }, "manifests[1].digest: expected a sha256 or sha512 digest, received 1"],
    [
      "a digest that can't be checked",
      { ...other, digest: "md5:abc" },
      'manifests[1].digest: expected a sha256 or sha512 digest, received "md5:abc"',
    ],
    ["no size", { ...other, size: "1" }, 'manifests[1].size: expected a size in bytes, received "1"'],
    ["a negative size", { ...other, size: -1 }, "manifests[1].size: expected a size in bytes, received -1"],
    ["another size", { ...other, size: 7 }, `manifests[1].size: expected ${other.size}, the size of data, received 7`],
    [
      "another digest",
      { ...other, digest: wrongSum },
      `manifests[1].digest: expected ${other.digest}, the digest of data, received "${wrongSum}"`,
    ],
    ["no base64", { ...other, data: "%" }, 'manifests[1].data: expected base64, received "%"'],
    [
      "base64 without its padding",
      { ...other, data: other.data.replace(/=*$/, "x") },
      `manifests[1].data: expected base64, received "${other.data.replace(/=*$/, "x").slice(0, 79)}…`,
    ],
    ["base64 of URLs", { ...other, data: "-_" }, 'manifests[1].data: expected base64, received "-_"'],
    ["null", { ...other, data: null }, "manifests[1].data: expected base64, received null"],
    [
      "no JSON",
      withBytes(Buffer.from("{")),
      `manifests[1].data: expected a JSON object in base64, received "${inBase64("{")}"`,
    ],
    [
      "no object",
      withBytes(Buffer.from("[]")),
      `manifests[1].data: expected a JSON object in base64, received "${inBase64("[]")}"`,
    ],
    [
      "no UTF-8",
      withBytes(Buffer.from([0x22, 0xff, 0x22])),
      'manifests[1].data: expected a JSON object in base64, received "Iv8i"',
    ],
    [
      "another media type inside",
      { ...descriptorOf(OCI, { mediaType: INDEX }) },
      `manifests[1].mediaType: expected the mediaType in data, "${INDEX}", received "${OCI}"`,
    ],
    ["a digest twice", image, `manifests[1].digest: expected each digest once, received "${image.digest}"`],
  ])("%s", (_, descriptor, fault) => {
    const [first = ""] = faultsOf(parseJson({ ...sound, manifests: [image, descriptor] }));
    expect(fault.endsWith("…") ? first.slice(0, fault.length - 1) : first).toBe(fault.replace(/…$/, ""));
  });

  test.each([
    ["sha512", descriptorOf(OCI, { schemaVersion: 2 }, "sha512")],
    ["no data", { mediaType: OCI, digest: digest("a"), size: 7 }],
    ["an empty media type inside", descriptorOf(OCI, { mediaType: "" })],
    ["other fields of descriptors", { ...other, platform: { os: "linux" }, annotations: {}, artifactType: "a/b" }],
  ])("it may have %s", (_, descriptor) => {
    expect(faultsOf(parseJson({ ...sound, manifests: [image, descriptor] }))).toEqual([]);
  });

  test("the digest of a signed manifest is that of its payload", () => {
    const payload = '{\n   "schemaVersion": 1\n}';
    const formatLength = payload.length - 2;
    const header = { formatLength, formatTail: Buffer.from("\n}").toString("base64url") };
    const protectedPart = Buffer.from(JSON.stringify(header)).toString("base64url");
    const signed = `${payload.slice(0, formatLength)},"signatures":[{"protected":"${protectedPart}"}]}`;
    const { digest: payloadDigest } = descriptorOf(SCHEMA_1, payload);
    const ofBytes = descriptorOf(SCHEMA_1, signed);
    expect(faultsOf(parseJson({ ...sound, manifests: [{ ...ofBytes, digest: payloadDigest }] }))).toEqual([]);
    expect(faultsOf(parseJson({ ...sound, manifests: [ofBytes] }))).toHaveLength(1);
  });

  test("configs carry their data", () => {
    const { data, ...bare } = config;
    expect(data).not.toBeUndefined();
    expect(faultsOf(parseJson({ ...sound, configs: [config, bare] }))).toEqual([
      "configs[1].data: expected base64, received nothing",
    ]);
    // A config need not be JSON.
    expect(faultsOf(parseJson({ ...sound, configs: [descriptorOf("text/plain", "x")] }))).toEqual([]);
  });

  test("of many faults the first twenty are told", () => {
    expect(faultsOf(parseJson({ ...sound, manifests: Array.from({ length: 10_000 }, () => 1) }))).toHaveLength(20);
  });
});

describe("tags", () => {
  const UNKNOWN = "the digest of one of the manifests";
  const VALUE = "a digest or an array of digests";
  test.each<[Fields, string]>([
    [{ a: digest("a") }, `tags.a: expected ${UNKNOWN}, received "${digest("a")}"`],
    [{ a: [image.digest, digest("a")] }, `tags.a: expected ${UNKNOWN}, received "${digest("a")}"`],
    [{ a: [] }, `tags.a: expected ${VALUE}, received an array`],
    [{ a: "latest" }, `tags.a: expected ${VALUE}, received "latest"`],
    [{ a: [1] }, `tags.a: expected ${VALUE}, received an array`],
    [{ "a b": image.digest }, 'tags["a b"]: expected a tag as key, received "a b"'],
  ])("%j", (tags, fault) => {
    expect(faultsOf(parseJson({ ...sound, tags }))).toEqual([fault]);
  });
});

describe("the template of blobs", () => {
  test.each([
    ["blobs/{algorithm}"],
    ["blobs/{hex:2}"],
    ["blobs/{hex:3}{hex}"],
    ["/blobs/{hex}"],
    ["../blobs/{hex}"],
    ["a/./{hex}"],
    ["a/%2e%2E/{hex}"],
    ["a//{hex}"],
    ["{hex}?x"],
    ["{hex}#x"],
    ["{hex} x"],
    ["{hex}\r\nX: y"],
    ["ä/{hex}"],
    ["ftp://h/{hex}"],
    ["javascript:{hex}"],
    ["//h/{hex}"],
    ["http://{hex}"],
    ["http://h:99999/{hex}"],
    ["http://h/../{hex}"],
    ["http://h/{hex}?x"],
    [7],
  ])("may not be %j", (blobs) => {
    expect(faultsOf(parseJson({ ...sound, blobs }))).toEqual([
      `blobs: expected a path below url or an absolute http or https URL, with {digest} or {hex} in it, received ${JSON.stringify(blobs)}`,
    ]);
  });

  test.each([["{digest}"], ["{hex}"], ["b/{hex:2}/{hex}"], ["https://h/{digest}"], ["http://[::1]:80/a/{hex}/data"]])(
    "may be %s",
    (blobs) => {
      expect(faultsOf(parseJson({ ...sound, blobs }))).toEqual([]);
    },
  );
});

describe("a child that is not in the file", () => {
  const index = (children: readonly unknown[]) => descriptorOf(INDEX, { schemaVersion: 2, manifests: children });
  const warningsOf = (manifests: readonly unknown[]) => {
    const parsed = parseJson({ ...sound, manifests });
    return parsed.ok ? parsed.warnings.map(describeWarning) : faultsOf(parsed);
  };
  const missing = { mediaType: OCI, digest: digest("a"), size: 1, platform: { os: "linux", architecture: "arm64" } };

  test("is a warning that names it and its platform", () => {
    expect(warningsOf([image, index([{ ...image, data: undefined }, missing])])).toEqual([
      `manifests[1]: names the manifest ${digest("a")} (linux/arm64), which is not in this file`,
    ]);
  });

  test("is none where it is no manifest, as in a BuildKit cache", () => {
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digest("a"), size: 1 };
    const cache = { mediaType: "application/vnd.buildkit.cacheconfig.v0", digest: digest("b"), size: 2 };
    expect(warningsOf([index([layer, cache])])).toEqual([]);
  });
});

test("what is parsed can be sent to another thread", () => {
  const repository = repositoryOf(parseJson({ ...soundFile("6"), description: "x" }));
  expect(structuredClone(repository)).toEqual(repository);
});
