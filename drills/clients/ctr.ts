import { join } from "node:path";
import { HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { whereIs } from "../../tests/harness/programs.ts";
import type { Client } from "./deeds.ts";
import { ABSENT, HERE, imageOf, linesOf, mustHave, partsOf } from "./expected.ts";
import { PASSWORD, USER } from "./sites.ts";
import { type Tool, toolIn } from "./tool.ts";

const NO_COMMAND = { lacks: "no command for it" };

/** All of it below one directory; of what containerd can do, pulling only. */
const configuration = (home: string): string => `
version = 2
root = "${home}/root"
state = "${home}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${home}/containerd.sock"
`;

/** Resolves with a stop, when the daemon answers. */
async function startDaemon(home: string, ctr: Tool): Promise<() => Promise<unknown>> {
  const file = join(home, "containerd.toml");
  await Bun.write(file, configuration(home));
  const daemon = Bun.spawn([whereIs("containerd") ?? "containerd", "-c", file], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(home, "containerd.log")),
  });
  const stop = async () => {
    daemon.kill("SIGTERM");
    await daemon.exited;
  };
  for (let tries = 0; ; tries++) {
    try {
      await ctr("version");
      return stop;
    } catch (error) {
      if (tries < 100 && daemon.exitCode === null) await Bun.sleep(100);
      else {
        await stop();
        throw new Error(
          `containerd does not run here: ${(await Bun.file(join(home, "containerd.log")).text()).slice(-500)}`,
          {
            cause: error,
          },
        );
      }
    }
  }
}

export const ctr: Client = {
  name: "ctr",
  programs: ["ctr", "containerd"],
  source: "`apt-get install containerd`; a daemon of the drill's own is started, which takes root",
  async open({ demo, closed, serving }, home) {
    const plain = toolIn(home, ["ctr", "--address", join(home, "containerd.sock"), "--connect-timeout", "5s"]);
    const stop = await startDaemon(home, plain);
    let namespaces = 0;
    /** In a namespace of its own, which has no images; containerd itself checks what it fetches. */
    const pull = async (image: string, ...more: readonly string[]): Promise<readonly string[]> => {
      const namespace = ["--namespace", `drill-${namespaces++}`];
      await plain(...namespace, "images", "pull", "--plain-http", "--snapshotter", "native", ...more, image);
      return linesOf(await plain(...namespace, "content", "ls", "--quiet"));
    };
    const mustPull = async (image: string, published: Published, architecture: string, ...more: readonly string[]) => {
      const hexes = partsOf(imageOf(published, architecture));
      const digests = hexes.map((hex) => `sha256:${hex}`);
      mustHave(await pull(image, ...more), [published.digest, ...digests]);
    };
    const byTag = (published: Published, host = demo) =>
      mustPull(`${host}/demo/hello:${published.tag}`, published, HERE);
    const as = (password: string) => ["--user", `${USER}:${password}`];
    return {
      version: /Version: +(\S+)/.exec(await plain("version"))?.[1] ?? "",
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
        missingTag: () => pull(`${demo}/demo/hello:missing`),
        missingDigest: () => pull(`${demo}/demo/hello@${ABSENT}`),
        unknownName: () => pull(`${demo}/demo/nothing:latest`),
        v1Name: () => pull(`${demo}/demo/legacy:latest`),
        v1Tag: () => pull(`${demo}/demo/both:1-ubuntu`),
        failOver: { lacks: "speaks v2 only" },
        v1Missing: { lacks: "speaks v2 only" },
        noPassword: () => pull(`${closed}/demo/hello:1.0`),
        wrongPassword: () => pull(`${closed}/demo/hello:1.0`, ...as("wrong")),
        password: () => mustPull(`${closed}/demo/hello:1.0`, HELLO.schema2, "amd64", ...as(PASSWORD)),
        protectedName: () => pull(`${closed}/demo/closed:1.0`, ...as(PASSWORD)),
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        referrersOfServedTag: NO_COMMAND,
        served: () => byTag(HELLO.index, serving),
      },
      close: stop,
    };
  },
};
