import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { COMMAND, scratch } from "../harness/craned.ts";
import { describeWith, run, succeed } from "../harness/programs.ts";
import { forPlatform, type Layout, layoutAt, publishArguments, type Site, siteAt } from "./layouts.ts";
import { faultsOfV1, faultsOfV2 } from "./whole.ts";

setDefaultTimeout(300_000);

const work = scratch();
afterAll(work.remove);

/** Two versions of a repository, in which one tag stays, one moves, a list moves, one goes and one comes. */
function layoutOf(version: "old" | "new"): Layout {
  const layout = layoutAt(join(work.path, version));
  const filler = version.repeat(200_000);
  const image = (name: string) => layout.image("2", `${version} ${name} ${filler}`);
  const listed = [forPlatform(image("arm"), "arm64"), forPlatform(image("amd"), "amd64")];
  const noted = image("noted");
  return layout.finish([
    ["stays", layout.image("2", "the same")],
    ["moves", image("moves")],
    ["list", layout.list("list", listed)],
    [version === "old" ? "goes" : "comes", layout.image("oci", version)],
    ["noted", noted],
    ["", layout.image("oci", `note on ${version}`, { subject: noted })],
  ]);
}

const OPTIONS = ["--v1", "--copy", "--prune-after", "0s"];

/** The calls of a trace, each when it had ended; those that another thread's call cut in two are put together. */
function finishedCalls(trace: string): readonly string[] {
  const begun = new Map<string, string>();
  return trace.split("\n").flatMap((line) => {
    const [, thread = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.endsWith("<unfinished ...>")) begun.set(thread, rest);
    else if (rest.startsWith("<... ")) return [(begun.get(thread) ?? "") + rest];
    else return [rest];
    return [];
  });
}

for (const version of [5, 6] as const) {
  const directory = join(work.path, `site-${version}`);
  const site: Site = siteAt(directory, version);
  const readFiles = () => ["v1", "v2"].map((api) => readFileSync(join(site.metadata, api, "team-app.json"), "utf8"));
  const tagsIn = (text: string) =>
    [...text.matchAll(/"(stays|moves|list|goes|comes|noted)"/g)].map(([, tag]) => tag).sort();

  let newLayout: Layout;
  let pristine: string;
  let old: readonly string[];
  let done: readonly string[];
  let doneTree: object;

  const reset = () => succeed(["sh", "-c", `rm -rf "${directory}" && cp -a "${pristine}" "${directory}"`]);

  beforeAll(async () => {
    const oldLayout = layoutOf("old");
    newLayout = layoutOf("new");
    await site.published(oldLayout.path, ...OPTIONS);
    old = readFiles();
    pristine = join(work.path, `pristine-${version}`);
    await succeed(["cp", "-a", directory, pristine]);
    await site.published(newLayout.path, ...OPTIONS);
    done = readFiles();
    doneTree = site.tree();
  });

  const command = () => [...COMMAND, ...publishArguments(directory, newLayout.path, OPTIONS, version)];

  /** The redirect files are the old or the new ones, or know the new digests beside the old tags; and all is whole. */
  function expectOldOrNew(): "old" | "between" | "new" {
    expect([...faultsOfV1(site), ...faultsOfV2(site)]).toEqual([]);
    const [v1 = "", v2 = ""] = readFiles();
    expect([old[0] ?? "", done[0] ?? ""]).toContain(v1);
    if (v2 === done[1]) return "new";
    expect(v1).toBe(old[0] ?? "");
    if (v2 === old[1]) return "old";
    expect(version).toBe(5);
    expect(tagsIn(v2)).toEqual(tagsIn(old[1] ?? ""));
    return "between";
  }

  async function expectToGoOn(): Promise<void> {
    await site.published(newLayout.path, ...OPTIONS);
    expect(readFiles()).toEqual([...done]);
    expect(site.tree()).toEqual(doneTree as Record<string, string>);
  }

  describeWith(["strace"], `a publish of version ${version} that is killed at a change of the file system`, () => {
    const seen = new Set<string>();
    test.each([
      ["rename,link", 1],
      ["fsync", 1],
      ["unlink,unlinkat,rmdir", 4],
    ])("leaves the old or the new repository, whole, and can be repeated: %s, every %d", async (calls, step) => {
      // Calls are counted by thread: when no thread makes so many any more, the publish gets to its end.
      for (let count = 1; ; count += step) {
        await reset();
        const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:signal=KILL:when=${count}`];
        const { code } = await run(["strace", "-f", "-qq", "-o", "/dev/null", ...inject, ...command()]);
        seen.add(expectOldOrNew());
        if (count % 5 === 0) await expectToGoOn();
        if (code === 0) break;
        expect(code).toBe(137);
      }
    });

    test("was met in each of its states by those kills", () => {
      expect([...seen].sort()).toEqual(version === 5 ? ["between", "new", "old"] : ["new", "old"]);
    });

    test("that finds the disk full says where, and leaves the old repository whole", async () => {
      await reset();
      const inject = ["-e", "trace=fsync", "-e", "inject=fsync:error=ENOSPC:when=1"];
      const { code, err } = await run(["strace", "-f", "-qq", "-o", "/dev/null", ...inject, ...command()]);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(
          /^error: .*\/team-app\/blobs\/sha256[:/].*: the disk is full; what was there before is untouched \(ENOSPC\)$/m,
        ),
      ]);
      expect(expectOldOrNew()).toBe("old");
      await expectToGoOn();
    });

    test("has everything on disk, files and directories, before the redirect file that needs it", async () => {
      await reset();
      const trace = join(work.path, `trace-${version}`);
      const calls = "trace=rename,fsync,mkdir";
      await succeed([
        "strace",
        "-f",
        "-y",
        "-qq",
        "-s",
        "4096",
        "-o",
        trace,
        "-e",
        calls,
        "-e",
        "signal=none",
        ...command(),
      ]);
      const synced = new Set<string>();
      const unsyncedDirectories = new Set<string>();
      const replaced: string[] = [];
      for (const line of finishedCalls(readFileSync(trace, "utf8"))) {
        const [, call = "", first = "", second = ""] =
          /^(\w+)\((?:\d+<|")([^>"]+)[>"](?:, "([^"]+)")?.*= 0$/.exec(line) ?? [];
        if (call === "fsync") {
          synced.add(first);
          unsyncedDirectories.delete(first);
        } else if (call === "rename") {
          expect(synced).toContain(first);
          if (second.endsWith("team-app.json")) {
            replaced.push(second);
            expect([...unsyncedDirectories].filter((each) => each.startsWith(site.content))).toEqual([]);
          }
          unsyncedDirectories.add(dirname(second));
        } else if (call === "mkdir" && !first.includes("/.craned")) unsyncedDirectories.add(dirname(first));
      }
      // In version 5 once to know the new digests beside the old tags, once for good; and the v1 file.
      expect(replaced.map((path) => path.slice(site.metadata.length))).toEqual([
        ...(version === 5 ? ["/v2/team-app.json"] : []),
        "/v2/team-app.json",
        "/v1/team-app.json",
      ]);
      expect([...unsyncedDirectories].filter((each) => each.startsWith(site.metadata))).toEqual([]);
    });
  });

  describe(`a publish of version ${version} that is killed at any time`, () => {
    test("leaves the old or the new repository, whole, and can be repeated", async () => {
      await reset();
      const began = performance.now();
      await succeed(command());
      const duration = performance.now() - began;
      const rounds = 25;
      for (let round = 0; round < rounds; round++) {
        await reset();
        const child = Bun.spawn(command(), { stdio: ["ignore", "ignore", "ignore"] });
        const timer = setTimeout(() => child.kill("SIGKILL"), (duration * (round + 1)) / rounds);
        await child.exited;
        clearTimeout(timer);
        expectOldOrNew();
      }
      await expectToGoOn();
    });
  });
}
