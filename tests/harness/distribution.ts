import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./nginx.ts";

/** A running registry of the distribution project. */
export interface Distribution {
  readonly host: string;
  /** The root of its storage. */
  readonly storage: string;
  readonly stop: () => Promise<unknown>;
}

/** @param directory a new one, for all its files @param auth what the configuration says of who may come */
export async function startDistribution(directory: string, auth = ""): Promise<Distribution> {
  const port = freePort();
  const storage = join(directory, "data");
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\nhttp:\n  addr: 127.0.0.1:${port}\n${auth}`,
  );
  const child = Bun.spawn(["docker-registry", "serve", config], { stdout: "ignore", stderr: "ignore" });
  const stop = () => {
    child.kill();
    return child.exited;
  };
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/v2/`).then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    await Bun.sleep(20);
  }
  return { host: `127.0.0.1:${port}`, storage, stop };
}
