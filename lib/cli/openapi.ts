import { textOf } from "../app/documentation.ts";
import { describe } from "../app/typed.ts";
import { deploymentOf } from "../server/deployment.ts";
import { configOrComplaint } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

/** `craned openapi`: the document that a server with this configuration has at `/openapi.json`. */
export function openapi(options: Readonly<Record<string, unknown>>, terminal: Terminal): ExitCode {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const { enable } = config.serveContent;
  terminal.print(textOf(describe(deploymentOf(config, { v1: enable, v2: enable }))));
  return EXIT.ok;
}
