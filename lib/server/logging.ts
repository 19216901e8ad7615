import { commonAccess, structuredAccess } from "../app/plugins/access-log.ts";
import type { Observer } from "../app/plugins/observation.ts";
import type { Config } from "../config/config.ts";
import { createLines, createLog, type Log } from "../log.ts";
import type { Terminal } from "../terminal.ts";

/** The logs of a process. */
export interface Logging {
  readonly log: Log;
  /** Writes the access log, as configured. */
  readonly access: Observer;
  /** @returns whether all lines were taken within so many milliseconds */
  readonly taken: (milliseconds: number) => Promise<boolean>;
}

/** The log as configured, to standard error; requests in a form of httpd's to standard output, as a file of their own. */
export function openLogs(terminal: Terminal, { log: { format, level, accessFormat } }: Config): Logging {
  const now = () => new Date();
  const form = format ?? (terminal.isTerminal ? "text" : "json");
  const onDropped = (lines: number) => log.warn("lines were lost, since nobody read the log", { lines });
  const lines = createLines({ write: terminal.complain, onDropped });
  const requests = accessFormat === "structured" ? lines : createLines({ write: terminal.print, onDropped });
  const log = createLog({ format: form, level, write: lines.now, now });
  return {
    log,
    access:
      accessFormat === "structured"
        ? structuredAccess(createLog({ format: form, level: "info", write: lines.soon, now }))
        : commonAccess({ write: requests.soon, now, isCombined: accessFormat === "combined" }),
    async taken(milliseconds) {
      const all = await Promise.all([lines.taken(milliseconds), requests.taken(milliseconds)]);
      return all.every((isTaken) => isTaken);
    },
  };
}
