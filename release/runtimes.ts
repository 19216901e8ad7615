import { join } from "node:path";
import { ROOT, type Runtime } from "./compile.ts";
import type { Platform } from "./platforms.ts";
import { dependencies } from "./runtimes/package.json" with { type: "json" };

const DIRECTORY = join(ROOT, "release/runtimes");

/** The lock file that says which executables these are, to the byte. */
export const RUNTIMES_LOCK = join(DIRECTORY, "bun.lock");

/**
 * Fetches the Bun of every platform, once.
 *
 * @throws when they are not of the version that runs this, whose bytecode they could not read
 */
export async function fetchRuntimes(): Promise<(platform: Platform) => Runtime> {
  for (const [name, version] of Object.entries(dependencies)) {
    if (version !== Bun.version) throw new Error(`${name} is of version ${version}, and this Bun of ${Bun.version}`);
  }
  const flags = ["--frozen-lockfile", "--os=*", "--cpu=*"];
  await Bun.$`${process.execPath} install ${flags}`.cwd(DIRECTORY).quiet();
  return (platform) => ({
    platform,
    path: join(DIRECTORY, "node_modules", platform.runtime, platform.executable),
  });
}
