/**
 * `bun run release [platform]...`: makes in dist/release the executables, the packages of them (.deb, .rpm and npm's),
 * the bill of materials and the checksums.
 */
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../package.json" with { type: "json" };
import { compile, ROOT } from "./compile.ts";
import { NOTICES_FILE } from "./notices.ts";
import { makeNpmPackages } from "./npm.ts";
import { type Architecture, makePackages, PACKAGED } from "./packages.ts";
import { PLATFORMS } from "./platforms.ts";
import { fetchRuntimes, RUNTIMES_LOCK } from "./runtimes.ts";
import { billOfMaterials } from "./sbom.ts";

const OUT = join(ROOT, "dist/release");

async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PLATFORMS.some((platform) => platform.name === name));
if (unknown.length > 0) {
  console.error(
    `error: no such platform: ${unknown.join(", ")}; there are ${PLATFORMS.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}

const runtimeFor = await fetchRuntimes();
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const files: string[] = [];
const executables = new Map<string, string>();
for (const platform of PLATFORMS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const suffix = platform.executable.endsWith(".exe") ? ".exe" : "";
  const file = `craned-${version}-${platform.name}${suffix}`;
  const work = join(OUT, platform.name);
  await compile(join(work, "craned"), runtimeFor(platform));
  renameSync(join(work, `craned${suffix}`), join(OUT, file));
  rmSync(work, { recursive: true });
  executables.set(platform.name, join(OUT, file));
  files.push(file);
}
for (const architecture of Object.keys(PACKAGED) as Architecture[]) {
  const executable = executables.get(PACKAGED[architecture]);
  if (executable !== undefined) files.push(...(await makePackages(architecture, executable, OUT)));
}
files.push(...(await makeNpmPackages(executables, OUT)));
const bill = `craned-${version}.cdx.json`;
writeFileSync(
  join(OUT, bill),
  `${JSON.stringify(billOfMaterials(version, [join(ROOT, "bun.lock"), RUNTIMES_LOCK]), null, 2)}\n`,
);
files.push(bill);
for (const file of ["LICENSE", NOTICES_FILE]) {
  copyFileSync(join(ROOT, file), join(OUT, file));
  files.push(file);
}
const sums: string[] = [];
for (const file of files.sort()) sums.push(`${await sha256(join(OUT, file))}  ${file}\n`);
writeFileSync(join(OUT, "SHA256SUMS"), sums.join(""));
console.log(sums.join("").trimEnd());
