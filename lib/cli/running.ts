import type { AnyElysia } from "elysia";
import type { Config } from "../config/config.ts";
import { type Listener, listen } from "../http/listener.ts";
import { createLocations } from "../location/location.ts";
import { createLog, type Log } from "../log.ts";
import { createApp } from "../routes/app.ts";
import { type Registry, seesOnlyPublic, type View } from "../routes/registry.ts";
import { createService } from "../routes/service.ts";
import type { Snapshot } from "../store/ledger.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { EXIT } from "./terminal.ts";

/** The log as configured, to standard error. */
export function logTo(terminal: Terminal, config: Config): Log {
  return createLog({
    format: config.log.format ?? (terminal.isTerminal ? "text" : "json"),
    level: config.log.level,
    write: terminal.complain,
    now: () => new Date(),
  });
}

interface RunningOptions {
  readonly config: Config;
  readonly log: Log;
  readonly snapshot: () => Snapshot;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly sharesPort?: boolean;
  readonly extra?: AnyElysia;
  /** Whole seconds since 1970. */
  readonly now?: () => number;
}

/** The clock that says when a signed URL ends. */
export const secondsNow = (): number => Math.floor(Date.now() / 1000);

/** @param snapshot the present one, the same object as long as nothing changes */
function registryOf(config: Config, snapshot: () => Snapshot, now: () => number): Registry {
  const locations = createLocations(config.cdn, now);
  const viewOf = ({ catalog }: Snapshot): View => ({
    catalog,
    maySee: seesOnlyPublic,
    locations,
    endpoint: config.general.endpoint,
  });
  let seen = snapshot();
  let view = viewOf(seen);
  return {
    view: () => {
      const present = snapshot();
      if (present !== seen) {
        seen = present;
        view = viewOf(present);
      }
      return view;
    },
    readiness: () => {
      const { catalog, faults, loadedAt } = snapshot();
      const repositories = catalog.v1.names.length + catalog.v2.names.length;
      return { isLoaded: loadedAt !== undefined, repositories, faults: faults.size };
    },
  };
}

/** Puts the rooms together and listens. @throws the system's error when the address can't be had */
export function startListening({
  config,
  log,
  snapshot,
  tls,
  sharesPort,
  extra,
  now = secondsNow,
}: RunningOptions): Listener {
  const registry = registryOf(config, snapshot, now);
  const onError = (error: unknown) => log.error("request failed", { error: String(error) });
  const app = createApp({ registry, onError, ...(extra !== undefined && { extra }) });
  return listen(
    {
      hostname: config.server.host,
      port: config.server.port,
      ...(tls !== undefined && { tls }),
      ...(sharesPort !== undefined && { sharesPort }),
    },
    createService(app, registry, onError),
  );
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
  EACCES: "ports below 1024 are for root; choose another with --port",
};

/** Why listening failed, and what to do about it. */
export function describeListenError(error: unknown, { host, port }: Config["server"]): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `can't listen on ${host}:${port}: ${HINTS[code] ?? code} (${code})`;
}

/** A process that was told to stop. */
export interface Stopping {
  /** Lets requests under way finish once told to, or at once if that has been. A second signal does not wait. */
  readonly drain: (listener: Listener, grace: number, log: Log) => Promise<ExitCode>;
}

/** Listens for the signals that end a process; from here on none of them ends it by itself. */
export function onStopSignals(): Stopping {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const tell = (signal: string) => {
    told.push(signal);
    for (const each of waiting.splice(0)) each();
  };
  process.on("SIGTERM", tell);
  process.on("SIGINT", tell);
  const untilTold = async (times: number) => {
    while (told.length < times) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    async drain(listener, grace, log) {
      await untilTold(1);
      log.info("stopping", { signal: told[0] });
      await Promise.race([listener.close(grace), untilTold(2)]);
      return EXIT.ok;
    },
  };
}
