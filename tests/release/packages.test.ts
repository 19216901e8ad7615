/** The packages for Debian and Red Hat, of the executable that is tested. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { ROOT } from "../../release/compile.ts";
import { makePackages } from "../../release/packages.ts";
import { runCraned, scratch } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";

setDefaultTimeout(300_000);

const afterwards = leftovers();
const EXECUTABLE = join(ROOT, "dist/craned");

/** An empty machine, as far as dpkg knows. */
function emptyRoot(): string {
  const { path, remove } = scratch({ "var/lib/dpkg/status": "", "etc/passwd": "", "etc/group": "" });
  afterwards(remove);
  for (const name of ["info", "updates"]) mkdirSync(join(path, "var/lib/dpkg", name));
  return path;
}

const dpkg = (root: string, ...args: readonly string[]) =>
  succeed(["dpkg", `--root=${root}`, "--force-script-chrootless", "--force-depends", ...args]);

describeWith(["nfpm", "dpkg", "rpm", "systemctl", "unshare"], "the packages", () => {
  let deb: string;
  let rpm: string;
  let out: string;
  beforeAll(async () => {
    const made = scratch();
    afterwards(made.remove);
    out = made.path;
    const names = await makePackages("amd64", EXECUTABLE, out);
    expect(names).toEqual([`craned_${version}_amd64.deb`, `craned-${version}-1.x86_64.rpm`]);
    [deb, rpm] = names.map((name) => join(out, name)) as [string, string];
  });

  test("leave nothing else behind where they are made", () => {
    expect(readdirSync(out)).toHaveLength(2);
  });

  test("for Debian installs the program, its user, its unit and a configuration that is right", async () => {
    const root = emptyRoot();
    await dpkg(root, "--install", deb);
    expect(await succeed([join(root, "usr/bin/craned"), "version"])).toBe(`craned ${version}\n`);
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toMatch(/^craned:x:\d+:\d+:.*:\/nonexistent:\S+nologin$/m);
    const unit = readFileSync(join(root, "usr/lib/systemd/system/craned.service"), "utf8");
    expect(unit).toBe(readFileSync(join(ROOT, "deploy/craned.service"), "utf8"));
    const environment = { CRANE_GENERAL_DATA_DIR: join(root, "var/lib/crane/metadata") };
    const checked = await runCraned(["check", "--config", join(root, "etc/crane.conf")], environment);
    expect([checked.code, checked.err]).toEqual([0, ""]);
    expect(statSync(join(root, "var/lib/crane/metadata")).mode & 0o777).toBe(0o755);
    expect((await run(["dpkg", `--root=${root}`, "--verify", "craned"])).out).toBe("");
  });

  test("for Debian keeps a configuration that was edited, until it is purged", async () => {
    const root = emptyRoot();
    const configuration = join(root, "etc/crane.conf");
    await dpkg(root, "--install", deb);
    appendFileSync(configuration, "# mine\n");
    await dpkg(root, "--install", deb);
    expect(readFileSync(configuration, "utf8")).toEndWith("# mine\n");
    writeFileSync(join(root, "var/lib/crane/metadata/mine.json"), "{}");
    await dpkg(root, "--remove", "craned");
    expect(existsSync(join(root, "usr/bin/craned"))).toBe(false);
    expect(readFileSync(configuration, "utf8")).toEndWith("# mine\n");
    await dpkg(root, "--purge", "craned");
    const left = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.includes("crane"));
    expect(left.sort()).toEqual(["var/lib/crane", "var/lib/crane/metadata", "var/lib/crane/metadata/mine.json"]);
  });

  test("for Debian has a unit that serves, reloads and stops under systemd, and goes with the package", async () => {
    const { path, remove } = scratch({
      script: `
        set -x
        dpkg --force-depends --install /run/test/craned.deb
        systemctl start craned && craned healthcheck
        ps -o user= -C craned
        systemctl reload craned && systemctl is-active craned
        dpkg --purge craned
        systemctl is-active craned
        journalctl --no-pager --output=cat --unit craned.service
      `,
    });
    afterwards(remove);
    copyFileSync(deb, join(path, "craned.deb"));
    await run(["bash", join(ROOT, "tests/release/boot.sh"), path]);
    const said = readFileSync(join(path, "output"), "utf8");
    expect(said).toContain('answered {"status":"ready"');
    expect(said).toMatch(/^craned$/m);
    expect(said).toMatch(/^active$[\s\S]*^inactive$/m);
    expect(said.match(/^(?:Started|Reloaded|Stopped)(?= craned\.service)/gm)).toEqual([
      "Started",
      "Reloaded",
      "Stopped",
    ]);
    expect(said).toContain('"reloading","signal":"SIGHUP"');
  });

  test("for Red Hat have the same files, with completions where its zsh looks", async () => {
    const files = async (command: readonly string[]) => (await succeed(command)).trim().split("\n");
    const contents = (await files(["dpkg-deb", "--contents", deb])).map((line) => line.split(" .").at(-1) ?? "");
    const inDeb = contents.filter((path) => !path.endsWith("/") || path.endsWith("/metadata/"));
    const expected = inDeb.map((path) => path.replace(/\/$/, "").replace("vendor-completions", "site-functions"));
    expect((await files(["rpm", "--query", "--list", "--package", rpm])).sort()).toEqual(expected.sort());
    expect(await files(["rpm", "--query", "--configfiles", "--package", rpm])).toEqual(["/etc/crane.conf"]);
    expect(expected).toEqual(
      expect.arrayContaining(["/usr/share/man/man1/craned-serve.1.gz", "/usr/share/doc/craned/LICENSE"]),
    );
  });
});
