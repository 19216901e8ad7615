import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { openStore } from "../store/store.ts";
import { describeListenError, logTo, onStopSignals, startListening } from "./running.ts";
import { configOrComplaint } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";
import { isWorker, superviseWorkers } from "./workers.ts";

type Tls = { readonly cert: string; readonly key: string };

/** @throws with the file's name when one can't be read */
function readTls({ tls }: Config["server"]): Tls | undefined {
  if (tls === undefined) return undefined;
  return { cert: readFileSync(tls.certificate, "utf8"), key: readFileSync(tls.key, "utf8") };
}

async function serveHere(config: Config, tls: Tls | undefined, log: Log, sharesPort: boolean): Promise<ExitCode> {
  const stopping = onStopSignals();
  const { dataDir, pollingInterval } = config.general;
  const opening = openStore({ dataDir, pollingInterval, log });
  process.on("SIGHUP", () => {
    log.info("reloading", { signal: "SIGHUP" });
    void opening.then((store) => store.reload());
  });
  const store = await opening;
  try {
    const listener = startListening({ config, log, snapshot: store.snapshot, tls, sharesPort });
    const scheme = tls === undefined ? "http" : "https";
    log.info(`listening on ${scheme}://${listener.hostname}:${listener.port}`, { repositories: repositoriesOf(store) });
    return await stopping.drain(listener, config.server.shutdownGrace, log);
  } catch (error) {
    log.error(describeListenError(error, config.server));
    return EXIT.failed;
  } finally {
    store.close();
  }
}

function repositoriesOf({ snapshot }: Awaited<ReturnType<typeof openStore>>): number {
  const { v1, v2 } = snapshot().catalog;
  return v1.names.length + v2.names.length;
}

/** `craned serve` */
export async function serve(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const log = logTo(terminal, config);
  try {
    const tls = readTls(config.server);
    const { workers } = config.server;
    if (workers > 1 && !isWorker(terminal)) return await superviseWorkers(config.server, log);
    return await serveHere(config, tls, log, workers > 1);
  } catch (error) {
    log.error("can't start", { error: error instanceof Error ? error.message : String(error) });
    return EXIT.failed;
  }
}
