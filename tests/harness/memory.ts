import { expect } from "bun:test";
import { readFileSync } from "node:fs";

/** A process's resident memory at its highest so far, in bytes; nothing of what its parent had when it forked. */
function highestOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Runs a program that has to succeed, and tells its resident memory at its highest, in bytes. */
export async function peakOf(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "ignore", "inherit"], env });
  let highest = 0;
  const looking = setInterval(() => {
    highest = Math.max(highest, highestOf(child.pid));
  }, 10);
  expect(await child.exited).toBe(0);
  clearInterval(looking);
  expect(highest).toBeGreaterThan(0);
  return highest;
}
