import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Authorities } from "../auth/chain.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { openStore } from "../store/store.ts";
import { readAuthorities } from "./authorities.ts";
import { composeRegistry } from "./composition.ts";
import { describeListenError, hostAndPort, logTo, startListening } from "./listening.ts";
import { configOrComplaint } from "./settings.ts";
import { onStopSignals } from "./stopping.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";
import { isWorker, superviseWorkers } from "./workers.ts";

type Tls = { readonly cert: string; readonly key: string };

/** Reads a file of PEM and looks whether it is one. @throws with the setting, the file and what was expected there */
function readPem(setting: string, path: string, expected: string, parse: (pem: string) => unknown): string {
  try {
    const pem = readFileSync(path, "utf8");
    parse(pem);
    return pem;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${setting}: expected ${expected} in ${path}, received ${reason}`);
  }
}

/** @throws with the setting and the file's name when one can't be used */
function readTls({ tls }: Config["server"]): Tls | undefined {
  if (tls === undefined) return undefined;
  const { certificate, key } = tls;
  return {
    cert: readPem("server.tls_certificate", certificate, "a certificate", (pem) => new X509Certificate(pem)),
    key: readPem("server.tls_key", key, "a private key", createPrivateKey),
  };
}

interface Prepared {
  readonly config: Config;
  readonly tls: Tls | undefined;
  readonly authorities: Authorities | undefined;
  readonly log: Log;
  readonly sharesPort: boolean;
}

async function serveHere({ config, tls, authorities, log, sharesPort }: Prepared): Promise<ExitCode> {
  const stopping = onStopSignals();
  const { dataDir, pollingInterval } = config.general;
  const opening = openStore({ dataDir, s3: config.s3, pollingInterval, log });
  process.on("SIGHUP", () => {
    log.info("reloading", { signal: "SIGHUP" });
    void opening.then((store) => store.reload());
  });
  const store = await opening;
  const { snapshot } = store;
  const { registry, close } = await composeRegistry({ config, log, snapshot, authorities });
  try {
    const listener = startListening({
      server: config.server,
      log,
      logsAccess: config.log.access,
      registry,
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
    store.close();
  }
}

/** `craned serve` */
export async function serve(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const log = logTo(terminal, config);
  try {
    const tls = readTls(config.server);
    const read = readAuthorities(config.auth);
    if (!read.ok) {
      log.error(read.problem);
      return EXIT.failed;
    }
    const { workers } = config.server;
    if (workers > 1 && !isWorker(terminal)) return await superviseWorkers(config.server, log);
    return await serveHere({ config, tls, authorities: read.authorities, log, sharesPort: workers > 1 });
  } catch (error) {
    log.error(`can't start: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failed;
  }
}
