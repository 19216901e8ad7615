import type { Config } from "../config/config.ts";
import { mostConnections } from "../http/descriptors.ts";
import { DEFAULT_LIMITS, type Limits } from "../http/limits.ts";
import type { Log } from "../log.ts";

/** Below this, and without anybody having asked for it, pulls will have to wait for one another. */
const FEW_CONNECTIONS = 1000;

/** The runtime asks as many other servers at once. */
const OUTGOING_QUESTIONS = 256;

const RAISE = "raise the limit of file descriptors";

function connectionsOf({ limits, serveContent, gsa, solr }: Config, log: Log): number {
  const possible = mostConnections({
    filesEach: serveContent.enable ? 1 : 0,
    outgoing: gsa.url === undefined && solr.url === undefined ? 0 : OUTGOING_QUESTIONS,
  });
  const asked = limits.connections === 0 ? possible : limits.connections;
  if (asked > possible) {
    log.warn(`limits.connections: expected at most ${possible}, or ${RAISE}`, { connections: possible });
  } else if (limits.connections === 0 && possible < FEW_CONNECTIONS) {
    log.warn(`there can be few connections at once: ${RAISE}`, { connections: possible });
  }
  return Math.min(asked, possible);
}

/** The limits of a listener as configured, as far as there are file descriptors. */
export function limitsOf(config: Config, log: Log): Limits {
  const { limits } = config;
  return {
    head: { requestLine: limits.requestLineBytes, fields: limits.headerBytes, fieldCount: limits.headerLines },
    timeouts: {
      ...DEFAULT_LIMITS.timeouts,
      head: limits.headTimeout,
      idle: limits.idleTimeout,
      stall: limits.stallTimeout,
    },
    connections: connectionsOf(config, log),
    bufferedBytes: limits.bufferedBytes,
  };
}
