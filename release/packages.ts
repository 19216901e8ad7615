/** Packages for Debian and Red Hat: the program, its unit and user, its configuration, completions and the manual. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { completionScript, type Shell } from "../lib/cli/completion.ts";
import { configurationTemplate } from "../lib/config/template.ts";
import { description, license, version } from "../package.json" with { type: "json" };
import { ROOT } from "./compile.ts";
import { describedProgram, manualPages } from "./manual.ts";
import { NOTICES_FILE } from "./notices.ts";

/** The architectures that there are packages of, as Debian calls them, and the platforms of their executables. */
export const PACKAGED = { amd64: "linux-x64", arm64: "linux-arm64" } as const;
export type Architecture = keyof typeof PACKAGED;

const SYSUSERS = `u craned - "craned, a container registry" /nonexistent\n`;

/** In dpkg's words or rpm's: installed or updated, removed for good, and after either. DPKG_ROOT is another root. */
const SCRIPTS = {
  postinstall: `
if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers \${DPKG_ROOT:+--root="$DPKG_ROOT"} craned.conf
elif ! getent passwd craned >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin craned
fi
if [ -z "\${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart craned.service
fi
`,
  preremove: `
if [ "$1" = remove ] || [ "$1" = 0 ]; then
  if [ -z "\${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then systemctl disable --now craned.service; fi
fi
`,
  postremove: `
if [ -z "\${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
`,
};

/** Where each shell looks for the completions of packages. */
const COMPLETIONS: readonly (readonly [shell: Shell, path: string, only?: "deb" | "rpm"])[] = [
  ["bash", "/usr/share/bash-completion/completions/craned"],
  ["fish", "/usr/share/fish/vendor_completions.d/craned.fish"],
  ["zsh", "/usr/share/zsh/vendor-completions/_craned", "deb"],
  ["zsh", "/usr/share/zsh/site-functions/_craned", "rpm"],
];

/** The time of the commit, so that the same sources give the same packages. */
const sourceDate = async (): Promise<string> => {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const seconds = given ?? (await Bun.$`git -C ${ROOT} log -1 --format=%ct`.nothrow().quiet().text()).trim();
  return new Date(Number(seconds || 0) * 1000).toISOString();
};

/**
 * Makes a .deb and an .rpm.
 *
 * @param executable craned for Linux on the architecture, with glibc
 * @param out directory to put them into
 * @returns the names of the files
 * @throws Error when nfpm is missing or refuses
 */
export async function makePackages(
  architecture: Architecture,
  executable: string,
  out: string,
): Promise<readonly string[]> {
  if (Bun.which("nfpm") === null) throw new Error("packages need nfpm: .ci/run says which, and installs it");
  const work = join(out, `packages-${architecture}`);
  const put = (name: string, content: string | Uint8Array): string => {
    const path = join(work, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  const file = (dst: string, content: string | Uint8Array, packager?: string) => ({
    src: put(`content${dst}`, content),
    dst,
    file_info: { mode: 0o644 },
    ...(packager !== undefined && { packager }),
  });
  const program = describedProgram();
  const scripts = Object.entries(SCRIPTS).map(([name, text]) => {
    const path = put(name, `#!/bin/sh\nset -e\n${text.trimStart()}`);
    chmodSync(path, 0o755);
    return [name, path] as const;
  });
  const nfpm = {
    name: "craned",
    arch: architecture,
    version,
    description,
    license,
    maintainer: "The authors of craned <craned@example.com>",
    section: "net",
    priority: "optional",
    mtime: await sourceDate(),
    contents: [
      { src: executable, dst: "/usr/bin/craned", file_info: { mode: 0o755 } },
      {
        src: join(ROOT, "deploy/craned.service"),
        dst: "/usr/lib/systemd/system/craned.service",
        file_info: { mode: 0o644 },
      },
      file("/usr/lib/sysusers.d/craned.conf", SYSUSERS),
      { ...file("/etc/crane.conf", configurationTemplate("/var/lib/crane/metadata/")), type: "config|noreplace" },
      { dst: "/var/lib/crane/metadata", type: "dir", file_info: { mode: 0o755 } },
      ...["LICENSE", NOTICES_FILE].map((name) => ({
        src: join(ROOT, name),
        dst: `/usr/share/doc/craned/${name}`,
        file_info: { mode: 0o644 },
      })),
      ...COMPLETIONS.map(([shell, path, only]) => file(path, completionScript(shell, program), only)),
      ...[...manualPages()].map(([name, text]) =>
        file(`/usr/share/man/man${name.at(-1)}/${name}.gz`, Bun.gzipSync(text)),
      ),
    ],
    overrides: { deb: { depends: ["libc6"] }, rpm: { depends: ["glibc"] } },
    deb: { compression: "zstd" },
    rpm: { compression: "zstd", buildhost: "localhost" },
    scripts: Object.fromEntries(scripts),
  };
  // JSON is YAML.
  const configuration = put("nfpm.yaml", JSON.stringify(nfpm));
  const names: string[] = [];
  for (const packager of ["deb", "rpm"]) {
    const made = await Bun.$`nfpm package --config ${configuration} --packager ${packager} --target ${out}`
      .quiet()
      .text();
    names.push(/created package: .*?([^/\s]+)\s*$/.exec(made)?.[1] ?? "");
  }
  rmSync(work, { recursive: true });
  return names;
}
