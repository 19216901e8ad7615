/** What is handed out: the executable, and the bill of what is in it. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { ROOT } from "../../release/compile.ts";
import { billOfMaterials } from "../../release/sbom.ts";
import { type Scratch, scratch } from "../harness/craned.ts";
import { leftovers, run, succeed } from "../harness/programs.ts";

setDefaultTimeout(60_000);

const afterwards = leftovers();

/** Builds the sources as they are now, from another place. @returns the executable */
async function buildElsewhere(place: string, environment: Readonly<Record<string, string>>): Promise<string> {
  for (const name of ["lib", "release", "package.json", "server.ts", "tsconfig.json"]) {
    cpSync(join(ROOT, name), join(place, name), { recursive: true, filter: (path) => !path.includes("node_modules") });
  }
  // Behind a link, where they are would be a part of what they are called.
  await succeed(["sh", "-c", 'cp -rl "$0" "$1" 2>/dev/null || cp -r "$0" "$1"', join(ROOT, "node_modules"), place]);
  const { code, err } = await run([process.execPath, join(place, "release/compile.ts")], {
    PATH: process.env["PATH"],
    ...environment,
  });
  if (code !== 0) throw new Error(err);
  return join(place, "dist/craned");
}

describe("the executable", () => {
  let work: Scratch;
  let craned: string;
  beforeAll(async () => {
    work = scratch();
    afterwards(work.remove);
    craned = await buildElsewhere(join(work.path, "one"), { HOME: work.path, TZ: "UTC" });
  });

  test("is the same to the byte wherever and whenever it is built", async () => {
    const place = join(work.path, "another/and/deeper");
    const again = await buildElsewhere(place, { HOME: place, TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8" });
    expect(readFileSync(again).equals(readFileSync(craned))).toBe(true);
  });

  test("takes nothing from the directory that it is started in", async () => {
    const { path } = work;
    work.write(".env", "CRANE_LOG_LEVEL=loud\n");
    work.write("bunfig.toml", 'preload = ["./preload.ts"]\n');
    work.write("preload.ts", 'console.log("preloaded");\n');
    work.write("package.json", { name: "other", version: "9.9.9" });
    expect(await succeed(["env", `--chdir=${path}`, craned, "version"])).toBe(`craned ${version}\n`);
    const checked = await run(["env", `--chdir=${path}`, craned, "check", "--config", "/dev/null", "--data-dir", "."]);
    expect(checked.out).not.toContain("loud");
  });
});

describe("the bill of materials", () => {
  const bill = billOfMaterials(version, [join(ROOT, "bun.lock")]);

  test("names every package that is bundled, in its version", async () => {
    const { metafile } = await Bun.build({
      entrypoints: [join(ROOT, "server.ts")],
      target: "bun",
      metafile: true,
      minify: true,
    });
    const bundled = Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) => Object.keys(inputs));
    const directories = bundled.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
    const packages = [...new Set(directories.filter((each) => each !== undefined))].map((directory) => {
      const { name, version: installed } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
      return { name, version: installed };
    });
    expect(packages).toContainEqual({ name: "elysia", version: expect.any(String) });
    for (const each of packages) expect(bill.components).toContainEqual(expect.objectContaining(each));
  });

  test("names none that is only for development", () => {
    expect(bill.components.map(({ name }) => name)).not.toContain("typescript");
  });

  test("has the license of each package, and the digest of what was installed", () => {
    for (const { name, licenses, hashes } of bill.components) {
      expect({ name, licenses, hash: hashes[0]?.content }).toEqual({
        name,
        licenses: [expect.anything()],
        hash: expect.stringMatching(/^[0-9a-f]{128}$/),
      });
    }
  });

  test("refers only to what it has", () => {
    const known = [bill.metadata.component["bom-ref"], ...bill.components.map((component) => component["bom-ref"])];
    expect(bill.dependencies.map(({ ref }) => ref).sort()).toEqual(known.sort());
    for (const { dependsOn } of bill.dependencies) expect(known).toEqual(expect.arrayContaining([...dependsOn]));
  });
});
