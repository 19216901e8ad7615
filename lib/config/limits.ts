import * as kinds from "./kinds.ts";
import { setting } from "./setting.ts";

const KIB = 1024;

/** The section of limits. Each worker has its own. */
export const LIMIT_SETTINGS = {
  connections: setting(
    "limits.connections",
    kinds.integer(64, 10_000_000),
    "10000",
    "Most connections at once of one process, as far as its limit of file descriptors allows",
  ),
  headerBytes: setting(
    "limits.header_bytes",
    kinds.integer(4 * KIB, 1024 * KIB),
    "16384",
    "Bytes of a request's line and headers together; more are answered 431. A certificate in a header needs more",
  ),
  // Bun counts up to 255 seconds.
  idleTimeout: setting(
    "limits.idle_timeout",
    kinds.integer(1, 255),
    "75",
    "Seconds for which a connection stays without a request",
  ),
};
