import { join } from "node:path";
import { HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { startContainerd } from "../../tests/harness/containerd.ts";
import { absentIn, HERE, imageOf, mustHave, NO_COMMAND, partsOf } from "./expected.ts";
import type { Client } from "./scenarios.ts";
import { MIRRORED, PASSWORD, USER } from "./sites.ts";

export const ctr: Client = {
  name: "containerd",
  programs: ["ctr", "containerd"],
  source: "`apt-get install containerd`; a daemon of the drill's own is started, which takes root",
  async open({ demo, closed, serving, mirror }, home) {
    const containerd = await startContainerd();
    const { pull } = containerd;
    const mustPull = async (image: string, published: Published, architecture: string, ...more: readonly string[]) => {
      const hexes = partsOf(imageOf(published, architecture));
      const digests = hexes.map((hex) => `sha256:${hex}`);
      mustHave(await pull(image, ...more), [published.digest, ...digests]);
    };
    const byTag = (published: Published, host = demo) =>
      mustPull(`${host}/demo/hello:${published.tag}`, published, HERE);
    const as = (password: string) => ["--user", `${USER}:${password}`];
    return {
      version: containerd.version,
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
        // It keeps the layers, and a manifest and a configuration that it makes of the old one.
        schema1: () => pull(`${demo}/demo/hello:${HELLO.schema1.tag}`),
        digest: () => mustPull(`${demo}/demo/hello@${HELLO.list.digest}`, HELLO.list, HERE),
        platform: () => mustPull(`${demo}/demo/hello:list`, HELLO.list, "arm64", "--platform", "linux/arm64"),
        ...absentIn(demo, (image) => pull(image)),
        noPassword: () => pull(`${closed}/demo/hello:1.0`),
        wrongPassword: () => pull(`${closed}/demo/hello:1.0`, ...as("wrong")),
        password: () => mustPull(`${closed}/demo/hello:1.0`, HELLO.schema2, "amd64", ...as(PASSWORD)),
        protectedName: () => pull(`${closed}/demo/closed:1.0`, ...as(PASSWORD)),
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        tree: () => mustPull(`${demo}/demo/tree:latest`, HELLO.index, HERE),
        treeReferrersOfTag: NO_COMMAND,
        // It says `?ns=registry.test`, which [mirror] has.
        mirror: async () => {
          const [registry = ""] = MIRRORED.split("/");
          const host = `"http://${mirror}"`;
          const settings = `server = ${host}\n[host.${host}]\n  capabilities = ["pull", "resolve"]\n`;
          await Bun.write(join(home, "hosts", registry, "hosts.toml"), settings);
          await mustPull(MIRRORED, HELLO.index, HERE, "--hosts-dir", join(home, "hosts"));
        },
        served: () => byTag(HELLO.index, serving),
      },
      close: containerd.stop,
    };
  },
};
