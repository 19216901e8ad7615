import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Craned, startCraned } from "../harness/craned.ts";
import { freshPodman, type Podman } from "../harness/podman.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";
import { digest } from "../harness/redirect-files.ts";
import { blobsOf, HELLO, imageFor, type Published } from "./demo-content.ts";

setDefaultTimeout(60_000);

const ABSENT = digest("0");

/** This machine's architecture, as images call it. */
const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** Images that run on this machine: lists have one for both architectures, the others are for amd64. */
const RUNNABLE = [
  { ...HELLO.index, greeting: `demo/hello for linux/${HERE}` },
  { ...HELLO.list, greeting: `demo/hello for linux/${HERE}` },
  ...(HERE === "amd64"
    ? [
        { ...HELLO.schema2, greeting: "demo/hello for linux/amd64" },
        { ...HELLO.oci, greeting: "demo/hello for linux/amd64" },
        { ...HELLO.schema1, greeting: "demo/hello:old, of schema 1" },
      ]
    : []),
];

/** The id that podman gives to the image for this machine: its configuration's digest. */
function idOf({ kind, bytes }: Published): string | undefined {
  return blobsOf(kind === "list" || kind === "index" ? imageFor(HERE, bytes) : bytes)[0];
}

describeWith(["podman"], "podman", () => {
  const afterwards = leftovers();
  let demo: Craned;
  let name: string;
  beforeAll(async () => {
    demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    afterwards(demo.stop);
    name = `127.0.0.1:${demo.port}/demo`;
  });

  /** Podman tells an image by its configuration, which kinds share: each test begins with nothing. */
  async function withPodman(use: (podman: Podman) => Promise<void>): Promise<void> {
    const podman = freshPodman();
    try {
      await use(podman);
    } finally {
      await podman.remove();
    }
  }

  for (const published of RUNNABLE) {
    const { kind, tag, digest, greeting } = published;
    test.each([
      ["tag", `:${tag}`],
      ["digest", `@${digest}`],
    ])(`pulls ${tag}, of kind ${kind}, by %s, and what is in it runs`, (_, reference) =>
      withPodman(async (podman) => {
        const image = `${name}/hello${reference}`;
        const id = await podman.pull(image);
        // Out of schema 1, podman makes a configuration of its own.
        if (kind !== "1") expect(id).toBe(idOf(published) ?? "none");
        const digests = await podman.last("image", "inspect", "--format", "{{json .RepoDigests}}", image);
        expect(JSON.parse(digests)).toContain(`${name}/hello@${digest}`);
        const root = await podman.mount(image);
        expect(readFileSync(join(root, "etc/os-release"), "utf8")).toContain("craned demo");
        expect(await succeed([join(root, "hello")])).toBe(`Hello from craned! This is ${greeting}.\n`);
      }),
    );
  }

  test("pulls the image of another architecture", () =>
    withPodman(async (podman) => {
      const id = await podman.last("pull", "-q", "--tls-verify=false", "--arch", "arm64", `${name}/hello:list`);
      expect(id).toBe(blobsOf(imageFor("arm64", HELLO.list.bytes))[0] ?? "none");
    }));

  test("finds names on both versions of the API, and their tags", () =>
    withPodman(async (podman) => {
      const search = ["search", "--tls-verify=false"];
      const names = await podman.run(...search, "--format", "{{.Name}}", name);
      expect(names.out.trim().split("\n")).toEqual(
        ["both", "hello", "legacy", "tree"].map((each) => `${name}/${each}`),
      );
      const tags = await podman.run(...search, "--list-tags", `${name}/hello`);
      expect(tags.out.match(/\S+$/gm)).toEqual(["TAG", "1.0", "1.0-oci", "latest", "list", "oci", "old"]);
    }));

  const UNKNOWN = [
    [":missing", "hello", "reading manifest missing in NAME/hello: manifest unknown: manifest unknown"],
    [`@${ABSENT}`, "hello", `reading manifest ${ABSENT} in NAME/hello: manifest unknown: manifest unknown`],
    [":1-ubuntu", "both", "reading manifest 1-ubuntu in NAME/both: manifest unknown: manifest unknown"],
    ["", "legacy", "reading manifest latest in NAME/legacy: manifest unknown: manifest unknown"],
    ["", "nothing", "reading manifest latest in NAME/nothing: name unknown: repository name not known to registry"],
  ] as const;

  test("says what is unknown", () =>
    withPodman(async (podman) => {
      for (const [reference, repository, complaint] of UNKNOWN) {
        const { code, err } = await podman.run("pull", "--tls-verify=false", `${name}/${repository}${reference}`);
        expect(code).toBe(125);
        expect(err.trimEnd()).toEndWith(complaint.replace("NAME", name));
      }
    }));
});
