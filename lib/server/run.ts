/** One process that serves: from its configuration to its end. */
import { isReady } from "../app/management/readiness.ts";
import { readAuthorities } from "../auth/certificates/authorities.ts";
import type { Config } from "../config/config.ts";
import type { LayoutPaths } from "../layouts/serving.ts";
import type { Log } from "../log.ts";
import { EMPTY_SNAPSHOT } from "../store/snapshots.ts";
import { openStore, type Store } from "../store/store.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { type Composed, compose } from "./compose.ts";
import { descriptorLimit } from "./descriptors.ts";
import { ListenError, type Listener, listen } from "./listen.ts";
import type { Logging } from "./logging.ts";
import { createMetrics, reloadMetrics, servedMetrics } from "./metrics.ts";
import { type Notifier, openNotifier, workerNotifier } from "./notify.ts";
import { onShutdown, type Shutdown } from "./shutdown.ts";
import { readTlsFiles, type TlsWatch, watchTls } from "./tls-files.ts";
import { gathering } from "./worker-metrics.ts";
import { onSupervisorEnd, superviseWorkers, workerNumber } from "./workers.ts";

/** File descriptors that are kept for everything but connections. */
const SPARE_DESCRIPTORS = 64;

/** Bounds of a listener, as configured and as far as there are file descriptors. */
export function boundsOf({ limits }: Config) {
  const limit = (descriptorLimit() ?? Number.POSITIVE_INFINITY) - SPARE_DESCRIPTORS;
  return {
    idleTimeout: limits.idleTimeout,
    headerBytes: limits.headerBytes,
    maxDescriptors: Math.max(SPARE_DESCRIPTORS, Math.min(limits.connections, limit)),
  };
}

/** Listens for management. A default address that is taken is no reason not to serve. */
async function listenForManagement(composed: Composed, config: Config, log: Log, worker: number | undefined) {
  const { listen: address, isDefault } = config.management;
  // Workers can't share a socket; whichever has it answers for all.
  if (address === undefined || (address.kind === "unix" && (worker ?? 1) > 1)) return undefined;
  try {
    const listener = await listen(composed.managementApp, {
      ...boundsOf(config),
      addresses: [address],
      sharesPort: worker !== undefined,
      log,
    });
    log.info(`management on ${listener.urls[0]}`);
    return listener;
  } catch (error) {
    if (!isDefault || !(error instanceof ListenError)) throw error;
    log.warn("no management: choose an address with [management] listen, or off", { error: error.message });
    return undefined;
  }
}

interface Process {
  readonly config: Config;
  /** Layouts served in place of the data directory. */
  readonly layouts: LayoutPaths | undefined;
  readonly logging: Logging;
  readonly notifier: Notifier;
  readonly shutdown: Shutdown;
  /** Number of this process, if it is one of several workers. */
  readonly worker: number | undefined;
}

/** Serves in this process until it is told to stop. @throws Error with what keeps it from serving */
async function serveHere({ config, layouts, logging, notifier, shutdown, worker }: Process): Promise<void> {
  const { log, access } = logging;
  const { general, server } = config;
  const reading = server.tls && readTlsFiles(server.tls, Date.now());
  for (const warning of reading?.warnings ?? []) log.warn(warning);
  const [fault] = reading?.errors ?? [];
  if (reading !== undefined && reading.tls === undefined) throw new Error(fault);
  if (fault !== undefined) log.error(fault);
  const tls = reading?.tls;
  const trusted = readAuthorities(config.auth);
  if (!trusted.ok) throw new Error(trusted.problem);
  let { authorities } = trusted;

  const metrics = createMetrics(worker);
  let store: Store | undefined;
  const snapshot = () => store?.snapshot() ?? EMPTY_SNAPSHOT;
  // As in Crane, 0 polls as often as possible.
  const pollingInterval = Math.max(1, general.pollingInterval);
  // Most servers serve redirect files, and have to start fast.
  const served = layouts && (await import("../layouts/serving.ts")).servedLayouts(layouts, pollingInterval, log);
  const composed = await compose({
    config,
    content: served?.content,
    log,
    snapshot,
    authorities: () => authorities,
    accessLog: config.log.access ? access : undefined,
    metrics,
    gather: gathering(worker, metrics),
  });
  const listeners: Listener[] = [];
  servedMetrics(metrics, {
    snapshot,
    isReady: () => isReady(composed.readiness()),
    pendingRequests: () => listeners.reduce((sum, each) => sum + each.pendingRequests(), 0),
  });
  const management = await listenForManagement(composed, config, log, worker);
  if (management !== undefined) listeners.push(management);

  const following = {
    pollingInterval,
    log,
    onScan: reloadMetrics(metrics),
    onChange: composed.onChange,
    signal: shutdown.signal,
  };
  const opening =
    served === undefined
      ? openStore({ ...following, dataDir: general.dataDir, s3: config.s3 })
      : served.open(following);
  let certificates: TlsWatch | undefined;
  let isServing = false;
  process.on("SIGHUP", () => {
    log.info("reloading", { signal: "SIGHUP" });
    notifier.reloading();
    certificates?.check();
    const read = readAuthorities(config.auth);
    if (read.ok) authorities = read.authorities;
    else log.error("the authorities in use stay", { error: read.problem });
    const reload = async (): Promise<void> => {
      await (await opening).reload();
      if (isServing) notifier.ready();
    };
    // A first load that fails has its own end.
    void reload().catch(() => {});
  });
  try {
    store = await opening;
  } catch (error) {
    if (shutdown.signal.aborted) return;
    throw error;
  }
  const opened = store;

  const registry = await listen(composed.app, {
    ...boundsOf(config),
    addresses: server.listen,
    tls,
    http2: server.http2,
    sharesPort: worker !== undefined,
    log,
  });
  listeners.push(registry);
  certificates = server.tls && tls && watchTls(server.tls, tls, log, registry.replaceTls);
  const { repositories } = composed.readiness();
  for (const url of registry.urls) log.info(`listening on ${url}`, { repositories });
  isServing = true;
  notifier.ready();
  shutdown.signal.addEventListener("abort", notifier.stopping);
  await shutdown.drain(() => Promise.all(listeners.map((each) => each.close(server.shutdownGrace))), log);
  certificates?.close();
  composed.close();
  opened.close();
}

/**
 * Serves as configured, in this process or in workers, until it is told to stop.
 *
 * @param layouts images to serve as they are, instead of redirect files
 */
export async function runServer(
  config: Config,
  layouts: LayoutPaths | undefined,
  logging: Logging,
  terminal: Terminal,
): Promise<ExitCode> {
  const { log } = logging;
  try {
    const worker = workerNumber(terminal);
    const notifier = worker === undefined ? openNotifier(terminal, log) : workerNotifier;
    if (config.server.workers > 1 && worker === undefined) return await superviseWorkers(config, notifier, log);
    const shutdown = onShutdown();
    if (worker !== undefined) {
      onSupervisorEnd(() => {
        log.error("the process that started this worker has ended, and so does the worker");
        shutdown.order("end of the supervisor");
      });
    }
    await serveHere({ config, layouts, logging, notifier, shutdown, worker });
    return EXIT.ok;
  } catch (error) {
    log.error(error instanceof ListenError ? error.message : `can't start: ${messageOf(error)}`);
    return EXIT.failed;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
