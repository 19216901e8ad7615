/** The file descriptors of this process, from /proc. @see proc(5) */
import { readdirSync, readFileSync, statSync } from "node:fs";

const OPEN = "/proc/self/fd";

/** Returns their limit: Infinity where there is none, undefined where the system does not tell. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    if (soft === undefined) return undefined;
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

/** Returns the number of open ones; undefined where the system does not tell. */
export function openDescriptors(): number | undefined {
  try {
    // Linux has the number since 6.2. Older ones have to list them, which takes milliseconds where there are thousands.
    return statSync(OPEN).size || readdirSync(OPEN).length - 1;
  } catch {
    return undefined;
  }
}
