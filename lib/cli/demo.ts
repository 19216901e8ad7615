import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { buildDemo, type DemoRegistry } from "../demo/demo.ts";
import { staticHost } from "../demo/static-host.ts";
import { openStore, type Store } from "../store/store.ts";
import { composeRegistry } from "../server/composition.ts";
import { limitsOf } from "../server/limits.ts";
import { describeListenError, hostAndPort, startListening } from "../server/listening.ts";
import { openLogs } from "../server/logging.ts";
import { configOrComplaint } from "./settings.ts";
import { onStopSignals } from "../server/stopping.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

const welcome = (host: string) => `
The demo registry is at http://${host}. Try, in another terminal:

  curl -i http://${host}/v2/demo/hello/manifests/latest
  skopeo inspect --tls-verify=false docker://${host}/demo/hello
  skopeo copy --src-tls-verify=false docker://${host}/demo/hello:1.0 dir:hello
  podman pull --tls-verify=false ${host}/demo/hello

  demo/hello   v2: OCI index, manifest list, schema 2, schema 1, referrers
  demo/legacy  v1 only
  demo/both    v1 and v2; the tag 1-ubuntu is on v1 only, so /v2 answers MANIFEST_UNKNOWN and docker falls back

Stop it with Ctrl-C.
`;

function writeFiles(directory: string, demo: DemoRegistry): void {
  for (const [name, text] of demo.redirectFiles) writeFileSync(join(directory, name), text);
}

/** What the routes see before the files, which name the port, can be written. */
async function serveDemo(config: Config, terminal: Terminal): Promise<ExitCode> {
  const stopping = onStopSignals();
  const { log } = openLogs(terminal, config);
  let demo: DemoRegistry | undefined;
  const { dataDir, pollingInterval } = config.general;
  const store: Store = await openStore({ dataDir, pollingInterval, log });
  const { registry, close } = await composeRegistry({ config, log, snapshot: store.snapshot, authorities: undefined });
  try {
    const extra = staticHost(() => demo?.objects ?? new Map());
    const listener = startListening({ server: config.server, limits: limitsOf(config, log), log, registry, extra });
    const host = hostAndPort(listener.hostname, listener.port);
    demo = buildDemo(`http://${host}`);
    writeFiles(dataDir, demo);
    await store.reload();
    log.info(`listening on http://${host}`);
    terminal.print(welcome(host));
    return await stopping.drain(listener, config.server.shutdownGrace, log);
  } catch (error) {
    terminal.complain(`error: ${describeListenError(error, config.server)}\n`);
    return EXIT.failed;
  } finally {
    close();
    store.close();
  }
}

/** `craned demo`: a registry and its static host in one, with tiny images. */
export async function demo(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  // The demo is the same wherever it runs: the machine's own configuration is not read.
  const isolated = { ...terminal, environment: { CRANE_LOG_LEVEL: "warn" } };
  const config = configOrComplaint({ host: "127.0.0.1", ...options, config: "/dev/null" }, isolated);
  if (config === undefined) return EXIT.failed;
  const directory = mkdtempSync(join(tmpdir(), "craned-demo-"));
  try {
    return await serveDemo({ ...config, general: { ...config.general, dataDir: directory } }, terminal);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
