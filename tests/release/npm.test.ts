/** The packages of npm, from a registry on the loopback that has nothing else. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { ROOT } from "../../release/compile.ts";
import { makeNpmPackages } from "../../release/npm.ts";
import { PLATFORMS } from "../../release/platforms.ts";
import { scratch } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";

setDefaultTimeout(300_000);

const afterwards = leftovers();
const HERE = `linux-${process.arch}`;

/** Serves archives of packages as a registry does. */
async function startRegistry(directory: string, archives: readonly string[]): Promise<string> {
  const packages = new Map<string, { about: Record<string, unknown>; archive: Buffer }>();
  for (const name of archives) {
    const archive = readFileSync(join(directory, name));
    const about = JSON.parse(await succeed(["tar", "-xzOf", join(directory, name), "package/package.json"]));
    packages.set(about.name, { about, archive });
  }
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
      const [name = "", isArchive] = path.endsWith(".tgz") ? [path.slice(0, -4), true] : [path, false];
      const found = packages.get(name);
      if (found === undefined) return new Response("{}", { status: 404 });
      const { about, archive } = found;
      if (isArchive) return new Response(new Uint8Array(archive));
      const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(archive).digest("base64")}`;
      const dist = { tarball: `${server.url}${name}.tgz`, integrity };
      return Response.json({ name, "dist-tags": { latest: version }, versions: { [version]: { ...about, dist } } });
    },
  });
  afterwards(() => server.stop(true));
  return server.url.href;
}

describeWith(["npx", "tar"], "the packages of npm", () => {
  let environment: Record<string, string | undefined>;
  let work: string;
  beforeAll(async () => {
    const made = scratch({ "metadata/.keep": "" });
    afterwards(made.remove);
    work = made.path;
    const archives = await makeNpmPackages(new Map([[HERE, join(ROOT, "dist/craned")]]), made.path);
    expect(archives).toEqual([`craned-${HERE}-${version}.tgz`, `craned-${version}.tgz`]);
    environment = {
      PATH: process.env["PATH"],
      HOME: made.path,
      npm_config_registry: await startRegistry(made.path, archives),
      npm_config_yes: "true",
      npm_config_audit: "false",
      npm_config_update_notifier: "false",
      CRANE_CONFIG_PATH: "/dev/null",
      CRANE_MANAGEMENT_LISTEN: "127.0.0.1:0",
    };
  });

  test("have one of each platform, and the one of this", async () => {
    const about = JSON.parse(
      await succeed(["tar", "-xzOf", join(work, `craned-${version}.tgz`), "package/package.json"]),
    );
    expect(Object.keys(about.optionalDependencies)).toEqual(PLATFORMS.map(({ name }) => `@craned/${name}`));
    const own = join(work, `craned-${HERE}-${version}.tgz`);
    expect(JSON.parse(await succeed(["tar", "-xzOf", own, "package/package.json"]))).toMatchObject({
      os: ["linux"],
      cpu: [process.arch],
      libc: ["glibc"],
    });
    const contents = await succeed(["tar", "-tvzf", own]);
    expect(contents).toMatch(/^-rwxr-xr-x .* package\/bin\/craned$/m);
    for (const file of ["LICENSE", "THIRD-PARTY-NOTICES"]) expect(contents).toContain(` package/${file}\n`);
  });

  test("are run by npx, with the exit code of craned", async () => {
    // In a directory of a package craned, npx would run that.
    const npx = ["env", `--chdir=${join(work, "metadata")}`, "npx", "craned"];
    const { code, out, err } = await run([...npx, "version"], environment);
    expect({ code, out, err: code === 0 ? "" : err }).toEqual({ code: 0, out: `craned ${version}\n`, err: "" });
    expect((await run([...npx, "frobnicate"], environment)).code).toBe(2);
  });

  test("serve until the launcher is told to stop", async () => {
    await run(["npm", "install", "--prefix", work, "craned"], environment);
    const launcher = join(work, "node_modules/.bin/craned");
    const args = ["serve", "--data-dir", join(work, "metadata"), "--host", "127.0.0.1", "--port", "0"];
    const child = Bun.spawn([launcher, ...args], { env: environment, stderr: "pipe", stdout: "ignore" });
    let log = "";
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>) {
      log += chunk;
      if (log.includes("listening on") && !log.includes('"stopping"')) child.kill("SIGTERM");
    }
    expect(await child.exited).toBe(0);
    expect(log).toContain("stopping");
  });
});
