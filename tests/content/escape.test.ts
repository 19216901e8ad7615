import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Content } from "../../lib/content/content.ts";
import { type ContentServer, contentOf, listenForContent } from "../harness/content-server.ts";
import { succeed } from "../harness/programs.ts";

const SECRET = "nobody may read this";
const PUBLIC = "everybody may read this";

const directory = mkdtempSync(join(tmpdir(), "craned-escape-"));
const web = join(directory, "web");
const lines: string[] = [];
let content: { readonly v1?: Content; readonly v2?: Content };
let server: ContentServer;

function write(path: string, text: string): void {
  const full = join(directory, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

function link(path: string, target: string): void {
  const full = join(directory, path);
  mkdirSync(dirname(full), { recursive: true });
  symlinkSync(target, full);
}

const create = (contentDir: string) => contentOf(contentDir, {}, { write: (line) => lines.push(line) });

/** What somebody reads who asks for a path in a repository, past everything that a route would refuse. */
async function read(repository: string, path: string): Promise<string | undefined> {
  const response = await content.v2?.serve(repository, path, {
    method: "GET",
    header: () => undefined,
    isByDigest: false,
    isPrivate: false,
  });
  return response?.text();
}

beforeAll(() => {
  write("secret", SECRET);
  write("web-secret/app/file", SECRET);
  write("web/app/file", PUBLIC);
  write("web/org/team/app/file", PUBLIC);
  content = create(web);
  server = listenForContent(content);
});

beforeEach(() => {
  lines.length = 0;
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

describe("a repository's own id", () => {
  test.each(["app", "org/team/app"])("may be a path: %s", async (repository) => {
    expect(await read(repository, "file")).toBe(PUBLIC);
  });

  test.each([
    ["nothing", "", "secret"],
    ["a dot", ".", "app/file"],
    ["the directory above", "..", "secret"],
    ["a directory far above", "../../../../../../../../etc", "passwd"],
    ["up, in the middle", "app/../..", "secret"],
    ["up, at the end", "app/..", "app/file"],
    ["an absolute path", directory, "secret"],
    ["the root", "/", "etc/passwd"],
    ["a neighbour whose name begins alike", "../web-secret/app", "file"],
    ["a NUL that cuts", "..\0", "secret"],
    ["a NUL before", "\0app", "file"],
    ["an empty part", "org//team/app", "file"],
    ["a slash at its end", "app/", "file"],
    ["half a character", "app\ud800", "file"],
    ["percent-encoding, which nobody decodes", "%2e%2e", "secret"],
    ["backslashes", "..\\..", "secret"],
    ["more than a path may have", `${"a/".repeat(5000)}a`, "file"],
  ])("reads nothing when it is %s", async (_, repository, path) => {
    expect(await read(repository, path)).toBeUndefined();
  });

  test("reads nothing over the network either", async () => {
    for (const repository of ["..", "../..", directory, "", "..\0"]) {
      const response = await fetch(`${server.origin}/v2/${encodeURIComponent(repository)}/secret`);
      expect(response.status).toBe(404);
      expect(await response.text()).toBe("");
    }
    expect(server.errors).toEqual([]);
  });
});

test.each(["", ".", "..", "../secret", "../../secret", "/etc/passwd", "file/..", "./file", "file\0"])(
  "a path that is not below its repository reads nothing: %p",
  async (path) => {
    expect(await read("app", path)).toBeUndefined();
  },
);

describe("a link", () => {
  test.each([
    ["to a neighbour", "beside", "file"],
    ["to another repository", "across", "../org/team/app/file"],
    ["that goes out by name and comes back", "around", `${web}/app/file`],
    ["to a link", "chained", "across"],
  ])("%s is followed", async (_, name, target) => {
    link(`web/app/${name}`, target);
    expect(await read("app", name)).toBe(PUBLIC);
    expect(lines).toEqual([]);
  });

  test("to a directory within is followed", async () => {
    link("web/alias", "org/team");
    expect(await read("alias/app", "file")).toBe(PUBLIC);
  });

  test.each([
    ["to a file outside", "out", "../../secret"],
    ["to an absolute path outside", "absolute", join(directory, "secret")],
    ["to a neighbour of the directory whose name begins alike", "alike", "../../web-secret/app/file"],
    ["to a link that leads outside", "twice", "out"],
    ["through the root of a process", "process", `/proc/self/root${directory}/secret`],
    ["to the directory itself", "itself", "../../web"],
  ])("%s is not followed", async (_, name, target) => {
    link(`web/app/${name}`, target);
    expect(await read("app", name)).toBeUndefined();
  });

  test("to a directory outside is not followed, whichever part of the path it is, and the log has it", async () => {
    link("web/app/directory", "../../web-secret/app");
    link("web/repository", "../web-secret/app");
    expect(await read("app", "directory/file")).toBeUndefined();
    expect(await read("repository", "file")).toBeUndefined();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: "warn",
        path: "app/directory/file",
        target: `${directory}/web-secret/app/file`,
      }),
      expect.objectContaining({ level: "warn", path: "repository/file" }),
    ]);
  });

  test.each([
    ["to nothing", "dangling", "nowhere"],
    ["to itself", "loop", "loop"],
  ])("%s is a missing file", async (_, name, target) => {
    link(`web/app/${name}`, target);
    expect(await read("app", name)).toBeUndefined();
  });

  /** Reads while another process changes the tree as fast as it can, until the file was often there and often not. */
  async function readWhile(change: string, repository: string, path: string) {
    const script = `const fs = require("node:fs"); process.chdir(${JSON.stringify(web)}); for (;;) { ${change} }`;
    const changing = Bun.spawn([process.execPath, "-e", script], { stderr: "inherit" });
    const texts = new Map<string | undefined, number>();
    const seenBoth = () => Math.min(texts.get(PUBLIC) ?? 0, texts.get(undefined) ?? 0) >= 500;
    while (!seenBoth() && changing.exitCode === null) {
      const text = await read(repository, path);
      texts.set(text, (texts.get(text) ?? 0) + 1);
    }
    changing.kill();
    await changing.exited;
    return new Set(texts.keys());
  }

  test("that is changed again and again is never followed outside", async () => {
    write("web/race/inside", PUBLIC);
    link("web/race/changing", "inside");
    const turn = (target: string) =>
      `fs.symlinkSync(${JSON.stringify(target)}, "race/next"); fs.renameSync("race/next", "race/changing");`;
    const seen = await readWhile(turn("../../secret") + turn("inside"), "race", "changing");
    expect(seen).toEqual(new Set([PUBLIC, undefined]));
  });

  test("that takes the place of a directory is never followed outside", async () => {
    write("web/swap/name/file", PUBLIC);
    write("outside/file", SECRET);
    const change = `
      fs.renameSync("swap/name", "swap/away");
      fs.symlinkSync("../../outside", "swap/name");
      fs.unlinkSync("swap/name");
      fs.renameSync("swap/away", "swap/name");`;
    const seen = await readWhile(change, "swap", "name/file");
    expect(seen).toEqual(new Set([PUBLIC, undefined]));
  });
});

describe("a file that was sent before", () => {
  // The server keeps small files in memory that have not changed for a second, and no program can set that time.
  const settled = (path: string) => Date.now() - statSync(join(directory, path)).ctimeMs > 1100;
  async function keep(path: string): Promise<void> {
    while (!settled(`web/kept/${path}`)) await Bun.sleep(20);
    for (let time = 0; time < 2; time++) expect(await read("kept", path)).toBe(PUBLIC);
  }

  beforeAll(() => {
    for (const path of ["edited", "replaced", "removed", "linked", "tree/moved"]) write(`web/kept/${path}`, PUBLIC);
  });

  test("is read again when its bytes change, but neither its size nor its time", async () => {
    await keep("edited");
    const { atime, mtime } = statSync(join(web, "kept/edited"));
    write("web/kept/edited", PUBLIC.toUpperCase());
    utimesSync(join(web, "kept/edited"), atime, mtime);
    expect(await read("kept", "edited")).toBe(PUBLIC.toUpperCase());
  });

  test("is read again when another takes its place", async () => {
    await keep("replaced");
    write("web/kept/next", "next");
    renameSync(join(web, "kept/next"), join(web, "kept/replaced"));
    expect(await read("kept", "replaced")).toBe("next");
  });

  test("is not found any more when it is removed", async () => {
    await keep("removed");
    rmSync(join(web, "kept/removed"));
    expect(await read("kept", "removed")).toBeUndefined();
  });

  test("is not found any more when its name is a link to outside", async () => {
    await keep("linked");
    rmSync(join(web, "kept/linked"));
    link("web/kept/linked", "../../secret");
    expect(await read("kept", "linked")).toBeUndefined();
  });

  test("is not found any more, at last, when its directory moves outside and a link leads there", async () => {
    await keep("tree/moved");
    renameSync(join(web, "kept/tree"), join(directory, "moved-tree"));
    link("web/kept/tree", "../../moved-tree");
    while ((await read("kept", "tree/moved")) !== undefined) await Bun.sleep(20);
  });
});

describe("what is no regular file is not opened for reading", () => {
  test("a FIFO that nobody writes to does not hold the answer up", async () => {
    await succeed(["mkfifo", join(web, "app/fifo")]);
    expect(await read("app", "fifo")).toBeUndefined();
  });

  test("a socket", async () => {
    const socket = Bun.listen({ unix: join(web, "app/socket"), socket: { data: () => undefined } });
    expect(await read("app", "socket")).toBeUndefined();
    socket.stop();
  });

  test("a directory", async () => {
    expect(await read("org", "team")).toBeUndefined();
  });
});

describe("the content directory", () => {
  test("may be a link, which a publisher turns to another tree", async () => {
    write("first/app/file", "first");
    write("second/app/file", "second");
    link("current", "first");
    content = create(join(directory, "current"));
    expect(await read("app", "file")).toBe("first");
    symlinkSync("second", join(directory, "next"));
    renameSync(join(directory, "next"), join(directory, "current"));
    expect(await read("app", "file")).toBe("second");
    link("second/app/out", "../../first/app/file");
    expect(await read("app", "out")).toBeUndefined();
    content = create(web);
  });

  test("may vanish and come back", async () => {
    write("moving/app/file", PUBLIC);
    content = create(join(directory, "moving"));
    renameSync(join(directory, "moving"), join(directory, "moved"));
    expect(await read("app", "file")).toBeUndefined();
    renameSync(join(directory, "moved"), join(directory, "moving"));
    expect(await read("app", "file")).toBe(PUBLIC);
    content = create(web);
  });
});
