/** Colours, on a terminal that `script` makes. */
import { describe, expect, test } from "bun:test";
import { COMMAND, runCraned } from "../harness/craned.ts";
import { describeWith, run } from "../harness/programs.ts";

const ESCAPE = "\u001b[";

const onTerminal = async (args: string, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
  const command = `${COMMAND.join(" ")} ${args}`;
  const { out } = await run(["script", "--quiet", "--command", command, "/dev/null"], {
    PATH: process.env["PATH"],
    TERM: "xterm",
    CRANE_CONFIG_PATH: "/dev/null",
    ...environment,
  });
  return out;
};

describeWith(["script"], "on a terminal", () => {
  test("faults and the titles of help stand out", async () => {
    expect(await onTerminal("check --data-dir /nonexistent")).toMatch(/^\u001b\[[\d;[\]m\u001b]*error\u001b\[/m);
    expect(await onTerminal("--help")).toContain(`${ESCAPE}1mUsage:${ESCAPE}22m`);
    expect(await onTerminal("serve --port x")).toContain(`error${ESCAPE}`);
  });

  test.each([[{ NO_COLOR: "1" }], [{ TERM: "dumb" }]])("with %j nothing does", async (environment) => {
    for (const args of ["--help", "check --data-dir /nonexistent"]) {
      const out = await onTerminal(args, environment);
      expect(out).not.toContain(ESCAPE);
      expect(out.length).toBeGreaterThan(20);
    }
  });
});

describe("in a pipe", () => {
  test("nothing has colours", async () => {
    for (const args of [["--help"], ["check", "--data-dir", "/nonexistent"], ["frobnicate"]]) {
      const { out, err } = await runCraned(args, { FORCE_COLOR: "1" });
      expect(out + err).not.toContain(ESCAPE);
      expect(out + err).not.toBe("");
    }
  });
});
