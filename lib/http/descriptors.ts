import { descriptorLimit, openDescriptors } from "../server/descriptors.ts";
import { EXTRA_CONNECTIONS } from "./crowd.ts";

/**
 * What stays free for files that are read, watches and questions to other servers: a process that has no descriptor
 * left can't take a connection out of the kernel's queue, and is told of it again and again without end.
 */
const RESERVE = 65;

/** What a process needs of its descriptors beside one for each connection. */
export interface DescriptorNeeds {
  /** Files that each connection may have open. */
  readonly filesEach: number;
  /** Connections of its own to other servers, at once. */
  readonly outgoing: number;
}

/** How many connections this process can have at once, as it is now; at least one. */
export function mostConnections({ filesEach, outgoing }: DescriptorNeeds): number {
  const limit = descriptorLimit();
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const free = limit - (openDescriptors() ?? 0) - RESERVE - outgoing - EXTRA_CONNECTIONS;
  return Math.max(1, Math.floor(free / (1 + filesEach)));
}
