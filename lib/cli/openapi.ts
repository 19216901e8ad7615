import { compose } from "../server/compose.ts";
import { createMetrics } from "../server/metrics.ts";
import { EMPTY_SNAPSHOT } from "../store/snapshots.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { configOrComplaint } from "./settings.ts";

const silent = () => {};

/** `craned openapi`: prints the document that a server with this configuration has at `/openapi.json`. */
export async function openapi(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const { document, close } = await compose({
    config,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    snapshot: () => EMPTY_SNAPSHOT,
    metrics: createMetrics(),
    gather: async () => [],
  });
  terminal.print(await document());
  close();
  return EXIT.ok;
}
