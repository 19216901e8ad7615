/** The manual's pages: right by mandoc, and as complete as the help. */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ALL_SETTINGS } from "../../lib/config/schema.ts";
import { describedProgram, manualPages } from "../../release/manual.ts";
import { scratch } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";

const afterwards = leftovers();
const files = scratch();
afterwards(files.remove);
const pages = manualPages();

describeWith(["mandoc"], "the manual", () => {
  beforeAll(() => {
    for (const [name, text] of pages) files.write(name, text);
  });

  const shown = async (name: string): Promise<string> =>
    (await succeed(["mandoc", "-T", "utf8", "-O", "width=1000", join(files.path, name)])).replace(/.\u0008/g, "");

  test("is in order", async () => {
    const all = [...pages.keys()].map((name) => join(files.path, name));
    const { out } = await run(["mandoc", "-T", "lint", "-W", "warning", ...all]);
    // The same sources give the same bytes, whenever that is.
    expect(out.split("\n").filter((line) => line !== "" && !line.includes("missing date"))).toEqual([]);
  });

  describe.each(describedProgram().commands.map((command) => [command.name(), command] as const))(
    "has a page of craned %s",
    (name, command) => {
      test("with each of its flags", async () => {
        const text = await shown(`craned-${name}.1`);
        for (const option of command.options.filter(({ hidden }) => !hidden))
          expect(text).toContain(`\n       ${option.flags}`);
        expect(await shown("craned.1")).toContain(command.summary() || command.description());
      });
    },
  );

  test("shows examples as they are to be typed", async () => {
    expect(await shown("craned-serve.1")).toMatch(
      /\n +docker save team\/app:1\.0 > app\.tar && craned serve app\.tar\n/,
    );
  });

  test("has no section without a text", () => {
    for (const text of pages.values()) expect(text).not.toMatch(/^\.SH .*\n\.SH /m);
  });

  test("has every setting of the configuration", async () => {
    const text = await shown("crane.conf.5");
    expect(text).toContain("hosts of registries");
    for (const { name, description } of ALL_SETTINGS) {
      expect(text).toMatch(new RegExp(`\\n +${name.slice(name.indexOf(".") + 1)}\\b`));
      expect(text).toContain(description);
    }
  });
});
