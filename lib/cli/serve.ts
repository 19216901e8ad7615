import type { Authorities } from "../auth/certificates/chain.ts";
import type { Config } from "../config/config.ts";
import type { Listener } from "../http/listener.ts";
import { isReady } from "../app/registry.ts";
import { openStore } from "../store/store.ts";
import { readAuthorities } from "../auth/certificates/authorities.ts";
import { composeRegistry } from "../server/composition.ts";
import { limitsOf } from "../server/limits.ts";
import { describeListenError, hostAndPort, startListening } from "../server/listening.ts";
import { type Logging, openLogs } from "../server/logging.ts";
import { createMeasuring } from "../server/measuring.ts";
import { configOrComplaint } from "./settings.ts";
import { readTlsFiles, type Tls } from "../server/tls-files.ts";
import { onStopSignals } from "../server/stopping.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";
import { gathering } from "../server/worker-metrics.ts";
import { onSupervisorEnd, superviseWorkers, workerNumber } from "../server/workers.ts";

interface Prepared {
  readonly config: Config;
  readonly tls: Tls | undefined;
  readonly authorities: Authorities | undefined;
  readonly logging: Logging;
  readonly sharesPort: boolean;
  /** Of this process, if it is one of several. */
  readonly worker: number | undefined;
}

async function serveHere({ config, tls, authorities, logging, sharesPort, worker }: Prepared): Promise<ExitCode> {
  const { log, access } = logging;
  const stopping = onStopSignals();
  const { dataDir, pollingInterval } = config.general;
  const measuring = createMeasuring(config);
  const opening = openStore({
    dataDir,
    s3: config.s3,
    // As in Crane, 0 polls as often as possible.
    pollingInterval: Math.max(1, pollingInterval),
    log,
    ...(measuring && { onScan: measuring.onScan }),
  });
  if (worker !== undefined)
    onSupervisorEnd(() => {
      log.error("the process that started this worker has ended, and so does the worker");
      stopping.stop("end of the supervisor");
    });
  process.on("SIGHUP", () => {
    log.info("reloading", { signal: "SIGHUP" });
    void opening.then((store) => store.reload());
  });
  const store = await opening;
  const { snapshot } = store;
  let listener: Listener | undefined;
  const families = () => {
    return measuring?.families({ snapshot: snapshot(), isReady: isReady(registry.readiness()), listener }) ?? [];
  };
  const gather = measuring === undefined ? undefined : gathering(worker, families);
  const { registry, close } = await composeRegistry({ config, log, snapshot, authorities, gather });
  try {
    listener = startListening({
      server: config.server,
      limits: limitsOf(config, log),
      log,
      access: config.log.access ? access : undefined,
      requestIds: config.log.requestIds,
      registry,
      meters: measuring?.meters,
      tls,
      sharesPort,
    });
    const scheme = tls === undefined ? "http" : "https";
    const { repositories } = registry.readiness();
    log.info(`listening on ${scheme}://${hostAndPort(listener.hostname, listener.port)}`, { repositories });
    return await stopping.drain(listener, config.server.shutdownGrace, log);
  } catch (error) {
    log.error(describeListenError(error, config.server));
    return EXIT.failed;
  } finally {
    close();
    measuring?.close();
    store.close();
  }
}

async function serveWith(config: Config, logging: Logging, terminal: Terminal): Promise<ExitCode> {
  const { log } = logging;
  try {
    const files = config.server.tls;
    const reading = files === undefined ? undefined : readTlsFiles(files, Date.now());
    for (const error of reading?.errors ?? []) log.error(error);
    for (const warning of reading?.warnings ?? []) log.warn(warning);
    const tls = reading?.tls;
    if (reading !== undefined && tls === undefined) return EXIT.failed;
    const read = readAuthorities(config.auth);
    if (!read.ok) {
      log.error(read.problem);
      return EXIT.failed;
    }
    const { workers } = config.server;
    const worker = workerNumber(terminal);
    const sharesPort = workers > 1;
    if (sharesPort && worker === undefined) return await superviseWorkers(config, log);
    return await serveHere({ config, tls, authorities: read.authorities, logging, sharesPort, worker });
  } catch (error) {
    log.error(`can't start: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failed;
  }
}

/** For a reader of the log to take what is left at the end. */
const LAST_LINES_MILLISECONDS = 5000;

/** `craned serve` */
export async function serve(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const logging = openLogs(terminal, config);
  const code = await serveWith(config, logging, terminal);
  // A server that is told to stop must not wait for a reader that has stopped to read.
  if (!(await logging.taken(LAST_LINES_MILLISECONDS))) process.exit(code);
  return code;
}
