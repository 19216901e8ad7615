import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_SETTINGS } from "../../lib/config/schema.ts";
import { runCraned, scratch, startCraned } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";

const afterwards = leftovers();
const directory = (): string => {
  const made = scratch();
  afterwards(made.remove);
  return made.path;
};

describe("craned init", () => {
  test("writes a configuration that serves the empty directory beside it, and says what comes next", async () => {
    const place = join(directory(), "new");
    const { code, out, err } = await runCraned(["init", place]);
    const configuration = join(place, "crane.conf");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`craned serve --config ${configuration}`);
    expect(readdirSync(join(place, "metadata"))).toEqual([]);
    const checked = await runCraned(["check", "--config", configuration]);
    expect([checked.code, checked.err]).toEqual([0, ""]);
    expect(checked.out).toStartWith(`${join(place, "metadata")}: 0 good redirect files`);
    const craned = await startCraned(["serve", "--config", configuration, "--port", "0"]);
    afterwards(craned.stop);
    expect((await fetch(`${craned.origin}/v2/`)).status).toBe(200);
  });

  test("explains every setting, and shows each default as a file would have it", async () => {
    const place = directory();
    await runCraned(["init", place]);
    const text = readFileSync(join(place, "crane.conf"), "utf8");
    for (const { description } of ALL_SETTINGS) expect(text).toContain(`# ${description}.\n`);
    const active = text.replace(/^#(\w+: .+)$/gm, "$1").replace(/^data_dir: .*/gm, `data_dir: ${place}`);
    expect(active).not.toBe(text);
    const other = join(place, "active.conf");
    await Bun.write(other, active);
    const checked = await runCraned(["check", "--config", other]);
    expect(checked.out.split("\n").filter((line) => line.startsWith("error:"))).toEqual([]);
    expect(checked.code).toBe(0);
  });

  test("leaves a configuration that is there as it is", async () => {
    const place = directory();
    await Bun.write(join(place, "crane.conf"), "mine");
    const { code, err } = await runCraned(["init", place]);
    expect([code, readFileSync(join(place, "crane.conf"), "utf8")]).toEqual([1, "mine"]);
    expect(err).toContain(`${join(place, "crane.conf")}: it is there already`);
  });
});
