import { readdirSync, readFileSync } from "node:fs";
import { counter, type Family, gauge } from "./family.ts";

const MICROSECONDS = 1e6;

/** @returns the lines of a file of /proc, undefined where there is none as outside of Linux */
function readProc(name: string): string | undefined {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

/** @returns how many file descriptors are open, less the one that it takes to look */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function maxDescriptors(): number | undefined {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(readProc("limits") ?? "") ?? [];
  if (soft === undefined) return undefined;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function virtualBytes(): number | undefined {
  const [, kilobytes] = /^VmSize:\s+(\d+) kB/m.exec(readProc("status") ?? "") ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * What every Prometheus client tells of its process; what a system does not tell is left out.
 *
 * @param startedAt in seconds since 1970
 * @see Prometheus "Writing client libraries", process metrics
 */
export function processFamilies(startedAt: number): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const known = (name: string, help: string, value: number | undefined): readonly Family[] =>
    value === undefined ? [] : [gauge(name, help, value)];
  return [
    counter("process_cpu_seconds", "Processor time that the process has taken.", (user + system) / MICROSECONDS),
    gauge("process_resident_memory_bytes", "Memory that the process has in RAM.", process.memoryUsage.rss()),
    ...known("process_virtual_memory_bytes", "Address space that the process has.", virtualBytes()),
    gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", startedAt),
    ...known("process_open_fds", "File descriptors that are open.", openDescriptors()),
    ...known("process_max_fds", "File descriptors that may be open.", maxDescriptors()),
  ];
}
