/** The scripts of `craned completion`, in the shells that they are for. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runCraned, scratch } from "../harness/craned.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";

setDefaultTimeout(60_000);

const afterwards = leftovers();

/** Types into a zsh. */
const COMPLETE = join(import.meta.dir, "complete.zsh");

async function scriptOf(shell: string): Promise<string> {
  const { code, out } = await runCraned(["completion", shell]);
  expect(code).toBe(0);
  const files = scratch({ _craned: out });
  afterwards(files.remove);
  return `${files.path}/_craned`;
}

/** What is typed, the last word unfinished, and what it can become. */
type Case = readonly [typed: readonly string[], expected: readonly string[]];

const CASES: readonly Case[] = [
  [["heal"], ["healthcheck"]],
  [["s"], ["serve", "schema"]],
  [["serve", "--log-f"], ["--log-format"]],
  [["--log-f"], ["--log-format"]],
  [
    ["serve", "--log-format", ""],
    ["text", "json"],
  ],
  [["serve", "--log-format", "j"], ["json"]],
  [["publish", "--server-config", "n"], ["nginx"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["help", "check"], ["check"]],
  [["resolve", "--accep"], ["--accept"]],
];

const BASH = `
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _craned
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** In bash, `--flag=value` is three words. */
const SPLIT: readonly Case[] = [
  [["serve", "--log-format", "=", "j"], ["json"]],
  [
    ["serve", "--log-format", "="],
    ["text", "json"],
  ],
];

describeWith(["bash"], "in bash", () => {
  test.each([...CASES, ...SPLIT])("%j becomes %j", async (typed, expected) => {
    const out = await succeed(["bash", "-c", BASH, "bash", await scriptOf("bash"), "craned", ...typed]);
    expect(out.trim().split("\n").sort()).toEqual([...expected].sort());
  });
});

describeWith(["fish"], "in fish", () => {
  test.each([...CASES])("%j becomes %j", async (typed, expected) => {
    const line = `source ${await scriptOf("fish")}; complete -C '${["craned", ...typed].join(" ")}'`;
    // Without a command, the first word may be a file too; this directory has some that begin so.
    const out = await succeed(["env", "--chdir=/proc/self/fdinfo", "fish", "--no-config", "-c", line]);
    const words = out
      .trim()
      .split("\n")
      .map((each) => each.split("\t")[0] ?? "");
    expect(words.sort()).toEqual([...expected].sort());
  });
});

describeWith(["zsh"], "in zsh", () => {
  test.each([...CASES])("%j becomes %j", async (typed, expected) => {
    const script = await scriptOf("zsh");
    const matches = `${dirname(script)}/matches`;
    await succeed(["zsh", "-f", COMPLETE, script, matches, ["craned", ...typed].join(" ")]);
    expect(readFileSync(matches, "utf8").trim().split("\n").sort()).toEqual([...expected].sort());
  });
});

describe("craned completion", () => {
  test("of another shell is wrong usage", async () => {
    const { code, err } = await runCraned(["completion", "tcsh"]);
    expect(code).toBe(2);
    expect(err).toContain("bash, zsh, fish");
  });
});
