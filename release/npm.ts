/** Packages for npm: `craned` has a launcher, and a package of each platform the executable that it starts. */
import { chmodSync, copyFileSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { description, license, version } from "../package.json" with { type: "json" };
import { ROOT } from "./compile.ts";
import { NOTICES_FILE } from "./notices.ts";
import { PLATFORMS } from "./platforms.ts";

const LAUNCHER = join(import.meta.dir, "launcher.mjs");

const README = `# craned

${description}

    npx craned demo
    npx craned serve app.tar
    npx craned help
`;

/** What npm installs a package on. */
function placeOf(platform: string) {
  const [os = "", cpu = "", musl] = platform.split("-");
  return {
    os: [os === "windows" ? "win32" : os],
    cpu: [cpu],
    ...(os === "linux" && { libc: [musl === undefined ? "glibc" : musl] }),
  };
}

const scoped = (platform: string): string => `@craned/${platform}`;

/**
 * Makes the packages of npm.
 *
 * @param executables the executables that were made, by platform
 * @param out directory to put the archives into
 * @returns the names of the archives; that of craned itself needs those of all platforms
 */
export async function makeNpmPackages(
  executables: ReadonlyMap<string, string>,
  out: string,
): Promise<readonly string[]> {
  const work = join(out, "npm");
  const pack = async (name: string, about: object, put: (directory: string) => void): Promise<string> => {
    const directory = join(work, name);
    mkdirSync(join(directory, "bin"), { recursive: true });
    writeFileSync(
      join(directory, "package.json"),
      `${JSON.stringify({ name, version, description, license, ...about }, undefined, 2)}\n`,
    );
    for (const file of ["LICENSE", NOTICES_FILE]) copyFileSync(join(ROOT, file), join(directory, file));
    put(directory);
    const packed = await Bun.$`${process.execPath} pm pack --quiet --destination ${out}`.cwd(directory).quiet().text();
    return basename(packed.trim());
  };
  const names: string[] = [];
  for (const [platform, executable] of executables) {
    const file = platform.startsWith("windows") ? "craned.exe" : "craned";
    const about = { ...placeOf(platform), files: ["bin", NOTICES_FILE], preferUnplugged: true };
    names.push(await pack(scoped(platform), about, (directory) => linkSync(executable, join(directory, "bin", file))));
  }
  const about = {
    type: "module",
    engines: { node: ">=18" },
    bin: { craned: "bin/craned.mjs" },
    optionalDependencies: Object.fromEntries(PLATFORMS.map(({ name }) => [scoped(name), version])),
  };
  const launcher = (directory: string): void => {
    copyFileSync(LAUNCHER, join(directory, "bin/craned.mjs"));
    chmodSync(join(directory, "bin/craned.mjs"), 0o755);
    writeFileSync(join(directory, "README.md"), README);
  };
  names.push(await pack("craned", about, launcher));
  rmSync(work, { recursive: true });
  return names;
}
