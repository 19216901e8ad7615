import { readFileSync } from "node:fs";
import { descriptorLimit, openDescriptors } from "../server/descriptors.ts";
import { counter, type Family, gauge } from "./family.ts";

const MICROSECONDS = 1e6;

/** @returns undefined where the system does not tell, as outside of Linux */
function virtualBytes(): number | undefined {
  try {
    const [, kilobytes] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
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
    ...known("process_max_fds", "File descriptors that may be open.", descriptorLimit()),
  ];
}
