/** Composes the app in the test's own process, for what no configuration can say: the clock, or a part that breaks. */
import type { AnyElysia } from "elysia";
import { loadConfig } from "../../lib/config/load.ts";
import type { Log } from "../../lib/log.ts";
import { compose } from "../../lib/server/compose.ts";
import { listen } from "../../lib/server/listen.ts";
import { createMetrics } from "../../lib/server/metrics.ts";
import { readDirectoryOnce } from "../../lib/store/store.ts";

interface RegistryAppOptions {
  /** Text of the configuration file. */
  readonly settings: string;
  readonly dataDir: string;
  readonly log: Log;
  /** Routes of the test's own. */
  readonly others?: readonly AnyElysia[];
  /** Whole seconds since 1970. */
  readonly now?: () => number;
}

/** Serves a directory on a free port. */
export async function serveApp({ settings, dataDir, log, others = [], now }: RegistryAppOptions) {
  const loaded = loadConfig({
    flags: { "server.host": "127.0.0.1", "server.port": "0", "general.data_dir": dataDir },
    environment: {},
    readFile: () => ({ kind: "text", text: settings }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const snapshot = await readDirectoryOnce(dataDir);
  const metrics = createMetrics();
  const { app, close } = await compose({
    config,
    log,
    snapshot: () => snapshot,
    metrics,
    gather: async () => [],
    others,
    ...(now && { now }),
  });
  const listener = await listen(app, {
    addresses: config.server.listen,
    idleTimeout: 10,
    headerBytes: 16_384,
    maxDescriptors: Number.POSITIVE_INFINITY,
    log,
  });
  return {
    port: Number(new URL(listener.urls[0] ?? "").port),
    close: async () => {
      close();
      await listener.close(0);
    },
  };
}
