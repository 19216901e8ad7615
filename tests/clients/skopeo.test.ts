import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Craned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { digest } from "../harness/redirect-files.ts";
import { blobsOf, expectedDirectory, HELLO, hashedFiles, imageFor, imagesOf, sha256 } from "./demo-content.ts";

setDefaultTimeout(60_000);

const ABSENT = digest("0");

/** On a v1 and v2 registry without TLS; the platform is given, so that the machine's own does not matter. */
const SKOPEO = ["skopeo", "--override-os", "linux", "--override-arch", "amd64"];

describeWith(["skopeo"], "skopeo", () => {
  const afterwards = leftovers();
  let work: Scratch;
  let demo: Craned;
  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    afterwards(demo.stop);
  });

  /** @param image a name with `:tag`, `@digest` or neither */
  const at = (image: string): string => `docker://127.0.0.1:${demo.port}/demo/${image}`;
  const inspect = (image: string, ...options: readonly string[]): Promise<string> =>
    succeed([...SKOPEO, "inspect", "--tls-verify=false", ...options, at(image)]);

  let copies = 0;
  /** Copies into a new directory. Resolves with its path. */
  async function copy(image: string, transport: "dir" | "oci", options: readonly string[] = []): Promise<string> {
    const target = join(work.path, `copy-${copies++}`);
    await succeed([...SKOPEO, ...options, "copy", "--src-tls-verify=false", at(image), `${transport}:${target}`]);
    return target;
  }
  /** The same, with every image of a list. */
  async function copyAll(image: string, transport: "dir" | "oci"): Promise<string> {
    const target = join(work.path, `copy-${copies++}`);
    await succeed([...SKOPEO, "copy", "--all", "--src-tls-verify=false", at(image), `${transport}:${target}`]);
    return target;
  }

  test.each(Object.values(HELLO))(
    "inspects $tag, a manifest of kind $kind, as it is",
    async ({ tag, digest, bytes }) => {
      expect(sha256(await inspect(`hello:${tag}`, "--raw"))).toBe(sha256(bytes));
      expect(sha256(await inspect(`hello@${digest}`, "--raw"))).toBe(sha256(bytes));
    },
  );

  test("inspects a name without a tag, and finds every tag", async () => {
    expect(JSON.parse(await inspect("hello"))).toMatchObject({
      Digest: HELLO.index.digest,
      RepoTags: ["1.0", "1.0-oci", "latest", "list", "oci", "old"],
      Architecture: "amd64",
      Os: "linux",
      Layers: blobsOf(imageFor("amd64", HELLO.index.bytes))
        .slice(1)
        .map((hex) => `sha256:${hex}`),
    });
  });

  test("lists tags", async () => {
    const listed = await succeed([...SKOPEO, "list-tags", "--tls-verify=false", at("both")]);
    expect(JSON.parse(listed)).toEqual({
      Repository: `127.0.0.1:${demo.port}/demo/both`,
      Tags: ["2", "latest"],
    });
  });

  test.each(Object.values(HELLO))(
    "copies $tag, a manifest of kind $kind, whole, by tag and by digest",
    async (each) => {
      const expected = expectedDirectory(each.bytes);
      expect(hashedFiles(await copyAll(`hello:${each.tag}`, "dir"))).toEqual(expected);
      expect(hashedFiles(await copyAll(`hello@${each.digest}`, "dir"))).toEqual(expected);
    },
  );

  test.each(["amd64", "arm64"])("copies the %s image of a list or an index", async (architecture) => {
    for (const { tag, digest, bytes } of [HELLO.list, HELLO.index]) {
      const expected = expectedDirectory(imageFor(architecture, bytes));
      const options = ["--override-arch", architecture];
      expect(hashedFiles(await copy(`hello:${tag}`, "dir", options))).toEqual(expected);
      expect(hashedFiles(await copy(`hello@${digest}`, "dir", options))).toEqual(expected);
    }
  });

  test("copies what refers to an image", async () => {
    const answer = await fetch(`${demo.origin}/v2/demo/hello/referrers/${HELLO.index.digest}`);
    const { manifests } = (await answer.json()) as { manifests: { digest: string }[] };
    expect(manifests).toHaveLength(2);
    for (const { digest } of manifests) {
      const target = await copy(`hello@${digest}`, "dir");
      const manifest = readFileSync(join(target, "manifest.json"));
      expect(`sha256:${sha256(manifest)}`).toBe(digest);
      expect(hashedFiles(target)).toEqual(expectedDirectory(manifest));
    }
  });

  test("makes an OCI layout of an index, byte for byte", async () => {
    const target = await copyAll("hello:oci", "oci");
    const { bytes, digest } = HELLO.index;
    const { manifests } = JSON.parse(readFileSync(join(target, "index.json"), "utf8"));
    expect(manifests).toMatchObject([{ digest, size: bytes.length }]);
    const images = imagesOf(bytes);
    const expected = [...[bytes, ...images].map(sha256), ...images.flatMap(blobsOf)];
    const blobs = hashedFiles(join(target, "blobs/sha256"));
    expect(blobs).toEqual(Object.fromEntries(expected.map((hex) => [hex, hex])));
  });

  test.each([HELLO.schema2, HELLO.schema1])("makes an OCI layout of $tag, with the same layers", async (each) => {
    const blobs = hashedFiles(join(await copy(`hello:${each.tag}`, "oci"), "blobs/sha256"));
    expect(Object.keys(blobs)).toEqual(Object.values(blobs));
    expect(Object.keys(blobs)).toEqual(expect.arrayContaining([...blobsOf(each.bytes)]));
  });

  test("mirrors a repository with all its tags", async () => {
    const target = join(work.path, "mirror");
    const options = ["--all", "--src", "docker", "--src-tls-verify=false", "--dest", "dir"];
    await succeed([...SKOPEO, "sync", ...options, `127.0.0.1:${demo.port}/demo/hello`, target]);
    for (const { tag, bytes } of Object.values(HELLO)) {
      expect(hashedFiles(join(target, `hello:${tag}`))).toEqual(expectedDirectory(bytes));
    }
  });

  const UNKNOWN = [
    ["hello:missing", "reading manifest missing in HOST/demo/hello: manifest unknown: manifest unknown"],
    [`hello@${ABSENT}`, `reading manifest ${ABSENT} in HOST/demo/hello: manifest unknown: manifest unknown`],
    ["both:1-ubuntu", "reading manifest 1-ubuntu in HOST/demo/both: manifest unknown: manifest unknown"],
    ["legacy", "reading manifest latest in HOST/demo/legacy: manifest unknown: manifest unknown"],
    ["legacy:1-ubuntu", "reading manifest 1-ubuntu in HOST/demo/legacy: manifest unknown: manifest unknown"],
    ["nothing", "reading manifest latest in HOST/demo/nothing: name unknown: repository name not known to registry"],
  ] as const;

  test.each(UNKNOWN)("says of %s what is unknown", async (image, complaint) => {
    const expected = complaint.replace("HOST", `127.0.0.1:${demo.port}`);
    const commands = [
      [...SKOPEO, "inspect", "--tls-verify=false", at(image)],
      [...SKOPEO, "copy", "--src-tls-verify=false", at(image), `dir:${join(work.path, "nothing")}`],
    ];
    for (const command of commands) {
      const { code, out, err } = await run(command);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toContain(`${expected}"`);
    }
  });

  test("lists no tags of a name that only v1 has", async () => {
    const { code, err } = await run([...SKOPEO, "list-tags", "--tls-verify=false", at("legacy")]);
    expect(code).toBe(1);
    expect(err).toContain("404 (Not Found)");
  });
});
