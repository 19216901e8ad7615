import { readdirSync, readFileSync } from "node:fs";
import { EXTRA_CONNECTIONS } from "./crowd.ts";

/**
 * What stays free for files that are read, watches and questions to other servers: a process that has no descriptor
 * left can't take a connection out of the kernel's queue, and is told of it again and again without end.
 */
const RESERVE = 64;

/** What a process needs of its descriptors beside one for each connection. */
export interface DescriptorNeeds {
  /** Files that each connection may have open. */
  readonly filesEach: number;
  /** Connections of its own to other servers, at once. */
  readonly outgoing: number;
}

/** Descriptors that this process may have; undefined where the system does not tell, or has no limit. */
function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

function descriptorsInUse(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/** How many connections this process can have at once, as it is now; at least one. */
export function mostConnections({ filesEach, outgoing }: DescriptorNeeds): number {
  const limit = descriptorLimit();
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const free = limit - descriptorsInUse() - RESERVE - outgoing - EXTRA_CONNECTIONS;
  return Math.max(1, Math.floor(free / (1 + filesEach)));
}
