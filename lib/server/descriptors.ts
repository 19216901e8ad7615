/** The file descriptors of this process, as Linux tells. @see proc(5) */
import { readdirSync, readFileSync } from "node:fs";

/** How many it may have: Infinity where there is no limit, undefined where the system does not tell. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    if (soft === undefined) return undefined;
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many are open, less the one that it takes to look; undefined where the system does not tell. */
export function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
