/** What the system says of a process. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory, in bytes. */
export const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;

/** How many file descriptors it has open. */
export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Asks again and again until it is so. @returns whether it came to be so in time */
export async function comesTrue(isSo: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await isSo())) {
    if (performance.now() > end) return false;
    await Bun.sleep(10);
  }
  return true;
}
