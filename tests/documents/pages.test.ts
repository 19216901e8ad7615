/** What documents say of the project and of each other. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { run } from "../harness/programs.ts";
import { DOCUMENTS, textOf } from "./commands.ts";

const ROOT = join(import.meta.dir, "../..");

const withoutCode = (text: string): string => text.replace(/```.*?```/gs, "").replace(/`[^`\n]*`/g, "");

/** Where a heading can be linked to. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.replace(/```.*?```/gs, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function brokenLinks(document: string): readonly string[] {
  const targets = [...withoutCode(textOf(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? document : normalize(join(dirname(document), path));
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(textOf(file)).includes(anchor);
  });
}

test.each([...DOCUMENTS])("every link in %s leads somewhere", (document) => {
  expect(brokenLinks(document)).toEqual([]);
});

test("README leads to all of the documents", () => {
  const readOn = textOf("README.md").split("## Read on")[1] ?? "";
  expect(DOCUMENTS.filter((document) => document !== "README.md" && !readOn.includes(`(${document})`))).toEqual([]);
});

test("the configuration's reference is the one of this program", async () => {
  const script = `import { configurationReference } from "./lib/config/reference.ts"; process.stdout.write(configurationReference());`;
  const { out } = await run(["sh", "-c", `cd '${ROOT}' && exec '${process.execPath}' -e '${script}'`]);
  expect(textOf("docs/configuration.md")).toBe(out);
});

describe("the architecture's page", () => {
  const page = textOf("docs/architecture.md");
  const entries = readdirSync(join(ROOT, "lib"), { withFileTypes: true });
  const rooms = entries.map((entry) => `lib/${entry.name}${entry.isDirectory() ? "/" : ""}`);

  test("lists every room, and no other", () => {
    const listed = [...page.matchAll(/^\| `(lib\/[^`]+)` \|/gm)].map(([, room = ""]) => room);
    expect(listed.sort()).toEqual(rooms.sort());
  });

  const files = ["server.ts", ...[...new Bun.Glob("lib/**/*.ts").scanSync(ROOT)]];
  const roomOf = (path: string): string => path.replace(/^lib\//, "").replace(/\/.*|\.ts$/, "");
  /** What each room imports others of, as `<room> --> <other>`. */
  const imports = new Set(
    files.flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(/ from "(\.[^"]+)"/g)].map(
        ([, path = ""]) => `${roomOf(file)} --> ${roomOf(normalize(join(dirname(file), path)))}`,
      ),
    ),
  );

  test("draws only what there is", () => {
    const [, picture = ""] = /```mermaid\n(.*?)```/s.exec(page) ?? [];
    const members = new Map(
      [...picture.matchAll(/subgraph (\w+).*\n((?: {4}.*\n)+)/g)].map(([, group = "", lines = ""]) => [
        group,
        lines.match(/[a-z][a-z-]*[a-z]/g) ?? [],
      ]),
    );
    const namesIn = (text: string) => text.split("&").map((name) => name.trim().replace(/\[.*/, ""));
    const arrows = picture
      .split("\n")
      .filter((line) => line.includes("-->"))
      .flatMap((line) => {
        const steps = line.split("-->").map(namesIn);
        return steps
          .slice(1)
          .flatMap((to, index) => (steps[index] ?? []).flatMap((from) => to.map((name) => [from, name] as const)));
      });
    expect(arrows.length).toBeGreaterThan(20);
    const all = (name: string) => members.get(name) ?? [name];
    const isTrue = (from: string, to: string) =>
      all(from).some((one) => all(to).some((other) => imports.has(`${one} --> ${other}`)));
    expect(arrows.filter(([from, to]) => !isTrue(from, to)).map((arrow) => arrow.join(" --> "))).toEqual([]);
    const drawn = new Set([...arrows.flat(), ...[...members.values()].flat()]);
    const missing = rooms.map((room) => room.replace(/^lib\/|\/$|\.ts$/g, "")).filter((room) => !drawn.has(room));
    expect(missing).toEqual([]);
  });
});
