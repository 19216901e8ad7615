import * as kinds from "./kinds.ts";
import { setting } from "./setting.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY = 86_400;

/** The section of limits in the table of settings. */
export const LIMIT_SETTINGS = {
  connections: setting(
    "limits.connections",
    kinds.integer(0, 10_000_000),
    "0",
    "Most connections at once of one process; 0 is as many as its limit of file descriptors allows",
  ),
  requestLineBytes: setting(
    "limits.request_line_bytes",
    kinds.integer(256, 64 * KIB),
    "8192",
    "Bytes of a request's first line; a longer one is answered 414",
  ),
  headerBytes: setting(
    "limits.header_bytes",
    kinds.integer(KIB, MIB),
    "131072",
    "Bytes of a request's headers together; more are answered 431",
  ),
  headerLines: setting(
    "limits.header_lines",
    kinds.integer(10, 1000),
    "100",
    "Lines of a request's headers; more are answered 431",
  ),
  headTimeout: setting(
    "limits.head_timeout",
    kinds.integer(1, DAY),
    "15",
    "Seconds from a request's first byte to the end of its headers, and for a TLS handshake",
  ),
  idleTimeout: setting(
    "limits.idle_timeout",
    kinds.integer(1, DAY),
    "75",
    "Seconds for which a connection stays without a request",
  ),
  stallTimeout: setting(
    "limits.stall_timeout",
    kinds.integer(1, DAY),
    "60",
    "Seconds for which a client may take nothing of its answer",
  ),
  bufferedBytes: setting(
    "limits.buffered_bytes",
    kinds.integer(4 * MIB, 1024 * 1024 * MIB),
    "268435456",
    "Bytes of unfinished requests and answers not taken that one process keeps for all its connections",
  ),
};
