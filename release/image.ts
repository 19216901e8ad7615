/** `bun run image [amd64|arm64]...`: lays out what a container's root has in dist/image, a directory an architecture. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { version } from "../package.json" with { type: "json" };
import { compile, ROOT } from "./compile.ts";
import { NOTICES_FILE } from "./notices.ts";
import { PLATFORMS } from "./platforms.ts";
import { fetchRuntimes } from "./runtimes.ts";

/** An architecture as images call it, and what of Debian's C library the executable needs there. */
const ARCHITECTURES = {
  amd64: { machine: "x64", triplet: "x86_64-linux-gnu", loader: "/lib64/ld-linux-x86-64.so.2" },
  arm64: { machine: "arm64", triplet: "aarch64-linux-gnu", loader: "/lib/ld-linux-aarch64.so.1" },
} as const;

type Architecture = keyof typeof ARCHITECTURES;

const isArchitecture = (name: string): name is Architecture => Object.hasOwn(ARCHITECTURES, name);

const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"];

/** An unprivileged user, by number: Kubernetes can tell that it is not root. */
const PASSWD = "craned:x:65532:65532:craned:/:/nonexistent\n";
const GROUP = "craned:x:65532:\n";

const own: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** Debian's package of the C library, or the one for building for another architecture. */
const packageOf = (architecture: Architecture): string =>
  architecture === own ? "libc6" : `libc6-${architecture}-cross`;

/** Returns the path of a library. */
function libraryPath(name: string, architecture: Architecture): string {
  const { triplet } = ARCHITECTURES[architecture];
  const places = [`/lib/${triplet}/${name}`, `/usr/${triplet}/lib/${name}`];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new Error(`neither ${places.join(" nor ")} is here: install Debian's ${packageOf(architecture)}`);
}

async function layOut(architecture: Architecture, craned: (outfile: string) => Promise<void>): Promise<void> {
  const root = join(ROOT, "dist/image", architecture);
  const { loader } = ARCHITECTURES[architecture];
  rmSync(root, { recursive: true, force: true });
  const put = (source: string, path: string, mode: number): void => {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
    chmodSync(target, mode);
  };
  await craned(join(root, "craned"));
  put(libraryPath(loader.replace(/.*\//, ""), architecture), loader, 0o755);
  for (const library of LIBRARIES) put(libraryPath(library, architecture), join("/lib", library), 0o644);
  const libc = packageOf(architecture);
  for (const file of ["LICENSE", NOTICES_FILE]) put(join(ROOT, file), `/usr/share/doc/craned/${file}`, 0o644);
  put(`/usr/share/doc/${libc}/copyright`, "/usr/share/doc/libc6/copyright", 0o644);
  for (const directory of ["dev", "etc", "proc", "sys", "tmp", "var/lib/crane/metadata"])
    mkdirSync(join(root, directory), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  writeFileSync(join(root, "etc/passwd"), PASSWD);
  writeFileSync(join(root, "etc/group"), GROUP);
}

// Every user must be able to read the files, whatever the umask of the build.
process.umask(0o022);
const wanted = process.argv.slice(2);
const architectures = wanted.length === 0 ? [own] : wanted.filter(isArchitecture);
if (architectures.length < wanted.length) {
  console.error(`error: expected ${Object.keys(ARCHITECTURES).join(" or ")}, received ${wanted.join(" ")}`);
  process.exit(2);
}
const isForeign = architectures.some((architecture) => architecture !== own);
const runtimeFor = isForeign ? await fetchRuntimes() : undefined;
for (const architecture of architectures) {
  const { machine } = ARCHITECTURES[architecture];
  const platform = PLATFORMS.find(({ name }) => name === `linux-${machine}`);
  const runtime = platform === undefined || architecture === own ? undefined : runtimeFor?.(platform);
  await layOut(architecture, (outfile) => compile(outfile, runtime));
}
const platforms = architectures.map((architecture) => `linux/${architecture}`).join(",");
const name = architectures.length === 1 ? "--tag" : "--manifest";
console.log(
  `buildah bud --format docker --timestamp 0 --build-arg VERSION=${version} --platform ${platforms} ` +
    `${name} craned:${version} .`,
);
