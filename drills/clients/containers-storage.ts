/** podman and buildah, which keep images in the same kind of storage. */
import { join } from "node:path";
import { blobsOf, HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { ABSENT, ALL_NAMES, HERE, imageOf, linesOf, mustBe, NO_COMMAND, TAGS } from "./expected.ts";
import type { Client, Session, Way } from "./scenarios.ts";
import { MANY_TAGS, MIRRORED, PASSWORD, type Sites, USER, writeMirrors } from "./sites.ts";
import { type Tool, toolIn } from "./tool.ts";

const lastLineOf = (text: string): string => linesOf(text).at(-1) ?? "";

/** The scenarios that differ between podman and buildah. */
interface Searches {
  readonly tags: Way;
  readonly manyTags: Way;
  readonly catalogue: Way;
  readonly inspect: Way;
}

async function openStorage(
  program: "podman" | "buildah",
  { demo, closed, serving, mirror }: Sites,
  home: string,
  searches: (run: Tool) => Searches,
): Promise<Session> {
  const storage = ["--root", join(home, "root"), "--runroot", join(home, "run"), "--storage-driver", "vfs"];
  const configuration = { CONTAINERS_REGISTRIES_CONF: await writeMirrors(home, mirror) };
  const temporary = program === "podman" ? ["--tmpdir", join(home, "tmp")] : [];
  const run = toolIn(home, [program, ...storage, ...temporary], configuration);
  const authFile = ["--authfile", join(home, "auth.json")];
  const emptied = () => run("rmi", "--all", "--force");
  const pull = async (image: string, ...more: readonly string[]): Promise<string> => {
    // Both tell images by their configuration, which kinds share; what was there is not fetched.
    await emptied();
    return lastLineOf(await run("pull", "--quiet", "--tls-verify=false", ...more, image));
  };
  const mustPull = async (image: string, published: Published, architecture: string, ...more: readonly string[]) =>
    mustBe(await pull(image, ...more), blobsOf(imageOf(published, architecture))[0]);
  const byTag = (published: Published, host = demo) => mustPull(`${host}/demo/hello:${published.tag}`, published, HERE);
  const login = (password: string) =>
    run("login", ...authFile, "--tls-verify=false", "-u", USER, "-p", password, closed);

  const version = lastLineOf(await run("--version"));
  return {
    version: version.replace(/^\w+ version /, "").replace(/ .*/, ""),
    ways: {
      ...searches(run),
      index: () => byTag(HELLO.index),
      list: () => byTag(HELLO.list),
      oci: () => byTag(HELLO.oci),
      schema2: () => byTag(HELLO.schema2),
      // Out of schema 1, a configuration of its own is made: its digest is of no manifest that was published.
      schema1: () => pull(`${demo}/demo/hello:${HELLO.schema1.tag}`),
      digest: () => mustPull(`${demo}/demo/hello@${HELLO.list.digest}`, HELLO.list, HERE),
      platform: () => mustPull(`${demo}/demo/hello:list`, HELLO.list, "arm64", "--arch", "arm64"),
      missingTag: () => pull(`${demo}/demo/hello:missing`),
      missingDigest: () => pull(`${demo}/demo/hello@${ABSENT}`),
      unknownName: () => pull(`${demo}/demo/nothing`),
      v1Name: () => pull(`${demo}/demo/legacy`),
      v1Tag: () => pull(`${demo}/demo/both:1-ubuntu`),
      noPassword: () => pull(`${closed}/demo/hello:1.0`),
      wrongPassword: () => login("wrong"),
      password: async () => {
        await login(PASSWORD);
        await mustPull(`${closed}/demo/hello:1.0`, HELLO.schema2, "amd64", ...authFile);
      },
      protectedName: () => pull(`${closed}/demo/closed:1.0`, ...authFile),
      referrers: NO_COMMAND,
      referrersOfTag: NO_COMMAND,
      tree: () => mustPull(`${demo}/demo/tree:latest`, HELLO.index, HERE),
      treeReferrersOfTag: NO_COMMAND,
      mirror: () => mustPull(MIRRORED, HELLO.index, HERE),
      served: () => byTag(HELLO.index, serving),
    },
    close: emptied,
  };
}

export const podman: Client = {
  name: "podman",
  programs: ["podman"],
  source: "`apt-get install podman`",
  open: (sites, home) =>
    openStorage("podman", sites, home, (run) => {
      const { demo, serving } = sites;
      const search = async (...more: readonly string[]) =>
        linesOf(await run("search", "--tls-verify=false", ...more)).map((line) => line.trim());
      const tagsOf = async (name: string) =>
        (await search("--list-tags", "--limit", "5000", name)).slice(1).map((line) => line.split(/ +/)[1]);
      return {
        tags: async () => mustBe(await tagsOf(`${demo}/demo/hello`), TAGS),
        manyTags: async () => mustBe(await tagsOf(`${serving}/drill/many`), MANY_TAGS),
        // It searches over v1 too, where there is one more name.
        catalogue: async () =>
          mustBe(
            await search("--format", "{{.Name}}", `${demo}/demo`),
            ALL_NAMES.map((name) => `${demo}/${name}`),
          ),
        inspect: { lacks: "inspects what it has pulled" },
      };
    }),
};

export const buildah: Client = {
  name: "buildah",
  programs: ["buildah"],
  source: "`apt-get install buildah`",
  open: (sites, home) =>
    openStorage("buildah", sites, home, () => ({
      tags: NO_COMMAND,
      manyTags: NO_COMMAND,
      catalogue: NO_COMMAND,
      inspect: { lacks: "inspects what it has pulled" },
    })),
};
