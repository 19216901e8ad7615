import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { absentIn, HERE, mustBe, NO_COMMAND } from "./expected.ts";
import type { Client } from "./scenarios.ts";
import { PASSWORD, type Sites, USER } from "./sites.ts";
import { toolIn } from "./tool.ts";

const BY_HEAD = "takes the digest of a tag from HEAD only, in Docker-Content-Digest, which a static host does not send";

/** Makes file systems of images and keeps none of their manifests: a program in them tells which image it was. */
export const apptainer: Client = {
  name: "apptainer",
  programs: ["apptainer"],
  source:
    "built from its source, <https://github.com/apptainer/apptainer>, which no registry of Go modules or Debian has",
  async open({ demo, closed, serving }: Sites, home) {
    let sandboxes = 0;
    const pulling = (password?: string) => {
      const login =
        password === undefined ? {} : { APPTAINER_DOCKER_USERNAME: USER, APPTAINER_DOCKER_PASSWORD: password };
      const run = toolIn(home, ["apptainer", "--quiet"], login);
      return async (image: string, architecture: string = HERE) => {
        const sandbox = join(home, `sandbox-${sandboxes++}`);
        await run("build", "--no-https", "--arch", architecture, "--sandbox", sandbox, `docker://${image}`);
        mustBe(readFileSync(join(sandbox, "hello"), "latin1").includes(`demo/hello for linux/${architecture}`), true);
      };
    };
    const pull = pulling();
    const byTag = ({ tag }: Published, host = demo) => pull(`${host}/demo/hello:${tag}`);
    const version = await toolIn(home, ["apptainer"])("--version");
    return {
      version: version.trim().split(" ").at(-1) ?? "",
      isTerse: true,
      ways: {
        tags: NO_COMMAND,
        manyTags: NO_COMMAND,
        catalogue: NO_COMMAND,
        inspect: { lacks: "inspects what it has pulled" },
        index: () => byTag(HELLO.index),
        list: () => byTag(HELLO.list),
        oci: () => byTag(HELLO.oci),
        schema2: () => byTag(HELLO.schema2),
        schema1: { attempt: () => byTag(HELLO.schema1), limit: "reads no manifests of schema 1" },
        digest: () => pull(`${demo}/demo/hello@${HELLO.list.digest}`),
        platform: () => pull(`${demo}/demo/hello:list`, "arm64"),
        ...absentIn(demo, pull),
        noPassword: () => pull(`${closed}/demo/hello:1.0`),
        wrongPassword: () => pulling("wrong")(`${closed}/demo/hello:1.0`),
        password: () => pulling(PASSWORD)(`${closed}/demo/hello:1.0`, "amd64"),
        protectedName: () => pulling(PASSWORD)(`${closed}/demo/closed:1.0`),
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        tree: { attempt: () => pull(`${demo}/demo/tree:latest`), limit: BY_HEAD },
        treeReferrersOfTag: NO_COMMAND,
        mirror: { lacks: "has no mirrors" },
        served: () => byTag(HELLO.index, serving),
      },
    };
  },
};
