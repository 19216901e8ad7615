import { join } from "node:path";
import { scratch } from "./craned.ts";
import { type Ran, run, whereIs } from "./programs.ts";

/** A Docker Engine that shares nothing with the machine's: no bridge, no firewall rules, loopback registries only. */
export interface DockerEngine {
  readonly version: string;
  /** Runs a command of the client to its end. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** Runs a command that has to succeed. Resolves with its output. */
  readonly succeed: (...args: readonly string[]) => Promise<string>;
  /** Empties the engine, which fetches no layer twice, and pulls. Resolves with the image's id. */
  readonly pull: (image: string, ...more: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

const OPTIONS = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"];

/** The client that the engine's package has, where the machine has another one besides. */
const client = (): string => Bun.which("docker", { PATH: "/usr/bin" }) ?? whereIs("docker") ?? "docker";

/**
 * Starts an engine of its own, which takes root, in a directory of its own.
 *
 * @param mirror host of a mirror of docker.io
 */
export async function startDockerEngine(mirror?: string): Promise<DockerEngine> {
  const mirrors = mirror === undefined ? [] : [`http://${mirror}`];
  const home = scratch({ "daemon.json": { "registry-mirrors": mirrors } });
  const at = (name: string) => join(home.path, name);
  const socket = `unix://${at("docker.sock")}`;
  const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "--host", socket];
  const daemon = Bun.spawn(
    [whereIs("dockerd") ?? "dockerd", ...OPTIONS, ...places, "--config-file", at("daemon.json")],
    { stdin: "ignore", stdout: "ignore", stderr: Bun.file(at("log")) },
  );
  const stop = async () => {
    daemon.kill("SIGTERM");
    await daemon.exited;
    home.remove();
  };
  const env = { PATH: process.env["PATH"], HOME: home.path, DOCKER_CONFIG: home.path };
  const docker = (...args: readonly string[]) => run([client(), "--host", socket, ...args], env);
  const succeed = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await docker(...args);
    if (code !== 0) throw new Error(err.trim().split("\n").at(-1) || `docker ${args[0]} ended with ${code}`);
    return out.trim();
  };
  const ask = () => docker("version", "--format", "{{.Server.Version}}");
  for (let answer = await ask(); answer.code !== 0; answer = await ask()) {
    if (daemon.exitCode !== null) {
      const log = await Bun.file(at("log")).text();
      home.remove();
      throw new Error(`dockerd does not run here: ${log.slice(-500)}`);
    }
    await Bun.sleep(50);
  }
  return {
    version: await succeed("version", "--format", "{{.Server.Version}}"),
    run: docker,
    succeed,
    async pull(image, ...more) {
      await succeed("container", "prune", "--force");
      await succeed("image", "prune", "--all", "--force");
      await succeed("pull", "--quiet", ...more, image);
      return await succeed("image", "inspect", "--format", "{{.Id}}", image);
    },
    stop,
  };
}
