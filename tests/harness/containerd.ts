import { join } from "node:path";
import { scratch } from "./craned.ts";
import { type Ran, run, whereIs } from "./programs.ts";

/** A containerd that shares nothing with the machine's, asked by its own client. */
export interface Containerd {
  readonly version: string;
  /**
   * Pulls into a namespace of its own, which has no images; containerd itself checks all that it fetches.
   *
   * @returns digests of all that has come
   */
  readonly pull: (image: string, ...more: readonly string[]) => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

const configuration = (home: string): string => `
version = 2
root = "${home}/root"
state = "${home}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${home}/containerd.sock"
`;

/** Starts a daemon, which takes root, in a directory of its own. */
export async function startContainerd(): Promise<Containerd> {
  const home = scratch();
  const at = (name: string) => join(home.path, name);
  const config = home.write("containerd.toml", configuration(home.path));
  const daemon = Bun.spawn([whereIs("containerd") ?? "containerd", "--config", config], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(at("log")),
  });
  const stop = async () => {
    daemon.kill("SIGTERM");
    await daemon.exited;
    home.remove();
  };
  const ctr = (...args: readonly string[]): Promise<Ran> => run(["ctr", "--address", at("containerd.sock"), ...args]);
  const succeed = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await ctr(...args);
    if (code !== 0) throw new Error(err.trim().split("\n").at(-1));
    return out;
  };
  for (let answer = await ctr("version"); answer.code !== 0; answer = await ctr("version")) {
    if (daemon.exitCode !== null) {
      const log = await Bun.file(at("log")).text();
      home.remove();
      throw new Error(`containerd does not run here: ${log.slice(-500)}`);
    }
    await Bun.sleep(50);
  }
  let namespaces = 0;
  return {
    version: /Version: +(\S+)/.exec(await succeed("version"))?.[1] ?? "",
    async pull(image, ...more) {
      const namespace = ["--namespace", `test-${namespaces++}`];
      await succeed(...namespace, "images", "pull", "--plain-http", "--snapshotter", "native", ...more, image);
      return (await succeed(...namespace, "content", "ls", "--quiet")).trim().split("\n");
    },
    stop,
  };
}
