/** What a process holds, as the kernel tells. */
import { readdirSync, readFileSync } from "node:fs";
import { residentOf } from "../../tests/harness/process.ts";

/** What must not grow. */
export interface Holdings {
  /** Resident memory, in bytes. */
  readonly memory: number;
  readonly descriptors: number;
  readonly watches: number;
}

function watchesIn(pid: number, fd: string): number {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8").split("inotify wd:").length - 1;
  } catch {
    return 0;
  }
}

/** @throws when there is no such process */
export function holdingsOf(pid: number): Holdings {
  const descriptors = readdirSync(`/proc/${pid}/fd`);
  const watches = descriptors.reduce((sum, fd) => sum + watchesIn(pid, fd), 0);
  return { memory: residentOf(pid), descriptors: descriptors.length, watches };
}

export const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

/** The value that `share` of all values are below. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
