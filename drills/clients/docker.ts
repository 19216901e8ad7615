import { blobsOf, HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { startDockerEngine } from "../../tests/harness/docker-engine.ts";
import { ABSENT, ALL_NAMES, HERE, imageOf, linesOf, mustBe, NO_COMMAND, TAGS } from "./expected.ts";
import type { Client } from "./scenarios.ts";
import { PASSWORD, USER } from "./sites.ts";

export const docker: Client = {
  name: "Docker Engine",
  programs: ["dockerd", "docker"],
  source: "`apt-get install docker.io`; a daemon of the drill's own is started, which takes root",
  async open({ demo, closed, serving, mirror }) {
    const engine = await startDockerEngine(mirror);
    const { pull, succeed } = engine;
    const mustPull = async (image: string, published: Published, architecture: string) => {
      const id = await pull(image, "--platform", `linux/${architecture}`);
      mustBe(id, `sha256:${blobsOf(imageOf(published, architecture))[0]}`);
    };
    const byTag = (published: Published, host = demo) =>
      mustPull(`${host}/demo/hello:${published.tag}`, published, HERE);
    const login = (password: string) => succeed("login", "--username", USER, "--password", password, closed);
    return {
      version: engine.version,
      ways: {
        // It has no command that lists them, and pulls them all.
        tags: async () => {
          await succeed("pull", "--quiet", "--all-tags", `${demo}/demo/hello`);
          const images = linesOf(await succeed("image", "ls", "--format", "{{.Tag}}", `${demo}/demo/hello`));
          mustBe([...new Set(images)].sort(), TAGS);
        },
        manyTags: { lacks: "lists tags by pulling them only" },
        // Over v1, where there is one more name.
        catalogue: async () => {
          const names = linesOf(await succeed("search", "--format", "{{.Name}}", `${demo}/demo`));
          mustBe(names, ALL_NAMES);
        },
        inspect: async () => {
          const manifest = await succeed("manifest", "inspect", "--insecure", `${demo}/demo/hello:list`);
          mustBe(JSON.parse(manifest), JSON.parse(new TextDecoder().decode(HELLO.list.bytes)));
        },
        index: () => byTag(HELLO.index),
        list: () => byTag(HELLO.list),
        oci: () => byTag(HELLO.oci),
        schema2: () => byTag(HELLO.schema2),
        // Out of schema 1, a configuration of its own is made: its digest is of no manifest that was published.
        schema1: () => pull(`${demo}/demo/hello:${HELLO.schema1.tag}`),
        digest: () => mustPull(`${demo}/demo/hello@${HELLO.list.digest}`, HELLO.list, HERE),
        platform: () => mustPull(`${demo}/demo/hello:list`, HELLO.list, "arm64"),
        missingTag: () => pull(`${demo}/demo/hello:missing`),
        missingDigest: () => pull(`${demo}/demo/hello@${ABSENT}`),
        unknownName: () => pull(`${demo}/demo/nothing`),
        v1Name: () => pull(`${demo}/demo/legacy`),
        v1Tag: () => pull(`${demo}/demo/both:1-ubuntu`),
        noPassword: () => pull(`${closed}/demo/hello:1.0`),
        wrongPassword: () => login("wrong"),
        password: async () => {
          await login(PASSWORD);
          await mustPull(`${closed}/demo/hello:1.0`, HELLO.schema2, "amd64");
        },
        protectedName: () => pull(`${closed}/demo/closed:1.0`),
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        tree: () => mustPull(`${demo}/demo/tree:latest`, HELLO.index, HERE),
        treeReferrersOfTag: NO_COMMAND,
        // It has mirrors of docker.io only, and does not tell them so.
        mirror: () => mustPull("library/hello:latest", HELLO.index, HERE),
        served: () => byTag(HELLO.index, serving),
      },
      close: engine.stop,
    };
  },
};
