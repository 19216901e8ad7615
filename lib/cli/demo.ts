import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { buildDemo, type DemoRegistry } from "../demo/demo.ts";
import { staticHost } from "../demo/static-host.ts";
import { compose } from "../server/compose.ts";
import { listen } from "../server/listen.ts";
import { openLogs } from "../server/logging.ts";
import { createMetrics } from "../server/metrics.ts";
import { boundsOf } from "../server/run.ts";
import { onShutdown } from "../server/shutdown.ts";
import { gathering } from "../server/worker-metrics.ts";
import { openStore } from "../store/store.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { configOrComplaint } from "./settings.ts";

const welcome = (host: string) => `
The demo registry is at http://${host}. Browsers find its repositories there, and its API at http://${host}/docs.
Try, in another terminal:

  curl -i http://${host}/v2/demo/hello/manifests/latest
  skopeo inspect --tls-verify=false docker://${host}/demo/hello
  skopeo copy --src-tls-verify=false docker://${host}/demo/hello:1.0 dir:hello
  podman pull --tls-verify=false ${host}/demo/hello

  demo/hello   v2: OCI index, manifest list, schema 2, schema 1, referrers; craned sends the manifests itself
  demo/tree    v2: the same images, whose manifests the static host sends (a redirect file of version 5)
  demo/legacy  v1 only
  demo/both    v1 and v2; the tag 1-ubuntu is on v1 only, so /v2 answers MANIFEST_UNKNOWN and docker falls back

Stop it with Ctrl-C.
`;

function writeFiles(directory: string, demo: DemoRegistry): void {
  for (const [name, text] of demo.redirectFiles) writeFileSync(join(directory, name), text);
}

/** Serves redirect files and content from one process; the files name the port, so they are written once it is known. */
async function serveDemo(config: Config, terminal: Terminal): Promise<ExitCode> {
  const shutdown = onShutdown();
  const { log } = openLogs(terminal, config);
  let demo: DemoRegistry | undefined;
  const { dataDir, pollingInterval } = config.general;
  const store = await openStore({ dataDir, pollingInterval, log });
  const metrics = createMetrics();
  const { app, close } = await compose({
    config,
    log,
    snapshot: store.snapshot,
    metrics,
    gather: gathering(undefined, metrics),
    others: [staticHost(() => demo?.objects ?? new Map())],
  });
  try {
    const listener = await listen(app, { ...boundsOf(config), addresses: config.server.listen, log });
    const [url = ""] = listener.urls;
    demo = buildDemo(url);
    writeFiles(dataDir, demo);
    await store.reload();
    log.info(`listening on ${url}`);
    terminal.print(welcome(url.replace("http://", "")));
    await shutdown.drain(() => listener.close(config.server.shutdownGrace), log);
    return EXIT.ok;
  } catch (error) {
    terminal.complain(`error: ${error instanceof Error ? error.message : String(error)}\n`);
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
    const [general, management] = [
      { ...config.general, dataDir: directory },
      { ...config.management, listen: undefined },
    ];
    return await serveDemo({ ...config, general, management }, terminal);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
