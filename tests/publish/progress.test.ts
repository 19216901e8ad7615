import { expect, test } from "bun:test";
import { bar, progressFor } from "../../lib/cli/publish-progress.ts";

const MIB = 1024 ** 2;

test.each([
  [{ done: 0, total: 100, seconds: 0 }, "[............]   0%  0 B of 100 B  0 B/s"],
  [{ done: 42, total: 100, seconds: 21 }, "[#####.......]  42%  42 B of 100 B  2 B/s  29 s left"],
  [{ done: 1536, total: 3 * MIB, seconds: 1 }, "[............]   0%  1.5 KiB of 3.0 MiB  1.5 KiB/s  34 min 7 s left"],
  [
    { done: MIB, total: 90_000 * MIB, seconds: 1 },
    "[............]   0%  1.0 MiB of 87.9 GiB  1.0 MiB/s  24 h 59 min left",
  ],
  [{ done: 100, total: 100, seconds: 10 }, "[############] 100%  100 B of 100 B  10 B/s  0 s left"],
  [{ done: 2048, total: 0, seconds: 2 }, "2.0 KiB read  1.0 KiB/s"],
  [{ done: 20, total: 10, seconds: 1 }, "20 B read  20 B/s"],
])("%j is shown as %s", (standing, line) => {
  expect(bar(standing)).toBe(line);
});

test("the longest bar fits into 80 columns", () => {
  const most = { done: 1022.9 * MIB, total: 1023 * MIB, seconds: 1022.9 };
  expect(bar({ ...most, done: 1000.1 * MIB }).length).toBeLessThanOrEqual(80);
});

function terminalOf(isTerminal: boolean) {
  const printed: string[] = [];
  const complained: string[] = [];
  const print = (text: string) => void printed.push(text);
  const complain = (text: string) => void complained.push(text);
  return {
    printed,
    complained,
    terminal: { environment: {}, isTerminal, colors: { print: false, complain: false }, print, complain },
  };
}

test("a person sees one bar below the lines, painted at most ten times a second and gone at the end", () => {
  const { printed, complained, terminal } = terminalOf(true);
  let now = 0;
  const { report, end } = progressFor(terminal, false, () => now);
  report({ event: "planned", tags: 1, manifests: 1, blobs: 2, bytes: 100 });
  for (now = 1; now <= 250; now++) report({ event: "read", bytes: 0 });
  report({ event: "warning", text: "mind this" });
  end();
  expect(printed).toEqual([]);
  const painted = complained.filter((text) => text.includes(`[${".".repeat(12)}`));
  expect(painted).toHaveLength(4);
  const screen = complained
    .join("")
    .split("\n")
    .map((line) => line.split("\r\u001b[K").at(-1));
  expect(screen).toEqual(["1 tag, 1 manifest, 2 blobs; 100 B to read", "warning: mind this", ""]);
});

test("a file of lines has no bar in it", () => {
  const { complained, terminal } = terminalOf(false);
  let now = 0;
  const { report, end } = progressFor(terminal, false, () => now++ * 1000);
  report({ event: "planned", tags: 1, manifests: 1, blobs: 2, bytes: 100 });
  report({ event: "read", bytes: 50 });
  end();
  expect(complained).toEqual(["1 tag, 1 manifest, 2 blobs; 100 B to read\n"]);
});

test("a machine is told of bytes once a second and at the end", () => {
  const { printed, terminal } = terminalOf(true);
  let now = 0;
  const { report, end } = progressFor(terminal, true, () => now);
  for (now = 0; now < 2500; now += 10) report({ event: "read", bytes: 1 });
  end();
  expect(printed).toEqual([
    '{"event":"read","bytes":101}\n',
    '{"event":"read","bytes":201}\n',
    '{"event":"read","bytes":250}\n',
  ]);
});
