import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeWith, run } from "../harness/programs.ts";

describeWith(["actionlint"], "the workflows", () => {
  test("are in order", async () => {
    const files = ["ci.yml", "release.yml"].map((name) => join(import.meta.dir, "../../.github/workflows", name));
    const { code, out, err } = await run(["actionlint", "-no-color", ...files]);
    expect([code, out, err]).toEqual([0, "", ""]);
  });
});
