/** What documents say of the project and of each other. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { NOTICES_FILE, thirdPartyNotices } from "../../release/notices.ts";
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

test.each([...DOCUMENTS])("every file of the project that %s names is there", (document) => {
  const named = [...textOf(document).matchAll(/`((?:lib|tests|deploy|drills|bench|release)\/[\w./-]+)`/g)];
  expect(named.map(([, path = ""]) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("the index leads to all of the documents, and README to the index", () => {
  const links = new Set(
    [...textOf("docs/README.md").matchAll(/\]\(([^)#]+)/g)].map(([, target = ""]) => normalize(join("docs", target))),
  );
  const others = DOCUMENTS.filter((document) => !["README.md", "docs/README.md"].includes(document));
  expect(others.filter((document) => !links.has(document))).toEqual([]);
  expect(textOf("README.md")).toContain("(docs/README.md)");
});

test("readers find the words that they search for", () => {
  const all = DOCUMENTS.map(textOf).join("\n").toLowerCase();
  const words = [
    "hot reload",
    "drop-in replacement",
    "liveness probe",
    "readiness probe",
    "mirror",
    "insecure registry",
    "troubleshooting",
    "quick start",
  ];
  expect(words.filter((word) => !all.includes(word))).toEqual([]);
});

test("the third-party notices are those of the packages that are installed", () => {
  expect(textOf(NOTICES_FILE)).toBe(thirdPartyNotices());
});

test("every dependency has its reason in CONTRIBUTING", () => {
  const { dependencies, devDependencies } = JSON.parse(textOf("package.json"));
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const listed = [...textOf("CONTRIBUTING.md").matchAll(/^\| `([^`]+)` \| .+ \|$/gm)].map(([, name = ""]) => name);
  expect(listed.sort()).toEqual(names.sort());
});

test("the configuration's reference is the one of this program", async () => {
  const script = `import { configurationReference } from "./lib/config/reference.ts"; process.stdout.write(configurationReference());`;
  const { out } = await run(["sh", "-c", `cd '${ROOT}' && exec '${process.execPath}' -e '${script}'`]);
  expect(textOf("docs/configuration.md")).toBe(out);
});

describe("the architecture's page", () => {
  const page = textOf("docs/architecture.md");
  const entries = readdirSync(join(ROOT, "lib"), { withFileTypes: true }).filter(({ name }) => !name.endsWith(".d.ts"));
  const modules = entries.map((entry) => `lib/${entry.name}${entry.isDirectory() ? "/" : ""}`);

  test("lists every module, and no other", () => {
    const listed = [...page.matchAll(/^\| `(lib\/[^`]+)` \|/gm)].map(([, module = ""]) => module);
    expect(listed.sort()).toEqual(modules.sort());
  });

  /** Module of a file as the picture names it: `store`, or `reference` for `lib/core/reference.ts`. */
  const moduleOf = (path: string): string =>
    path === "server.ts" ? path : path.replace(/^lib\/(?:core\/)?/, "").replace(/\/.*|\.ts$/, "");
  const files = ["server.ts", ...[...new Bun.Glob("lib/**/*.ts").scanSync(ROOT)]];
  const isOfCore = new Map(files.map((file) => [moduleOf(file), file.startsWith("lib/core/")]));
  /** Imports between modules, as `<module> --> <other>`. */
  const imports = new Set(
    files
      .flatMap((file) =>
        [...readFileSync(join(ROOT, file), "utf8").matchAll(/ from "(\.[^"]+\.ts)"/g)].map(
          ([, path = ""]) => [moduleOf(file), moduleOf(normalize(join(dirname(file), path)))] as const,
        ),
      )
      .filter(([from, to]) => from !== to)
      .map((arrow) => arrow.join(" --> ")),
  );
  const [, picture = ""] = /```mermaid\n(.*?)```/s.exec(page) ?? [];
  const namesIn = (text: string) => text.split("&").map((name) => /\["(.*)"\]/.exec(name)?.[1] ?? name.trim());
  const arrows = picture
    .split("\n")
    .filter((line) => line.includes("-->"))
    .flatMap((line) => {
      const steps = line.split("-->").map(namesIn);
      return steps
        .slice(1)
        .flatMap((to, index) => (steps[index] ?? []).flatMap((from) => to.map((name) => [from, name] as const)));
    });
  /** `core` stands for its parts. */
  const isImport = (from: string, to: string): boolean =>
    to === "core"
      ? [...imports].some(
          (each) => each.startsWith(`${from} --> `) && isOfCore.get(each.split(" --> ")[1] ?? "") === true,
        )
      : imports.has(`${from} --> ${to}`);

  test("draws only imports that there are", () => {
    expect(arrows.length).toBeGreaterThan(20);
    expect(arrows.filter(([from, to]) => !isImport(from, to)).map((arrow) => arrow.join(" --> "))).toEqual([]);
  });

  test("draws every import, or arrows that lead from one module to the other", () => {
    const leadsTo = (from: string, to: string): boolean =>
      arrows.some(([start, end]) => start === from && (end === to || leadsTo(end, to)));
    const missing = [...imports].filter((each) => {
      const [from = "", to = ""] = each.split(" --> ");
      return !leadsTo(from, isOfCore.get(to) === true && isOfCore.get(from) !== true ? "core" : to);
    });
    expect(missing).toEqual([]);
  });
});
